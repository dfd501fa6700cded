/**
 * A small bank: its book behind HTTP. It knows nothing of AURA, which is a customer with an account here.
 *
 *   BANK_PORT     any free port by default
 *   BANK_JOURNAL  the journal's file, `bank.journal` by default
 */
import { createServer } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { openBook } from './book.mjs';

const MAX_BODY_BYTES = 64 * 1024;
const PAGE = 500;

const book = openBook(process.env.BANK_JOURNAL ?? 'bank.journal');
/** How long the bank keeps its answers to transfers, and whether it works before it waits: for trying things out. */
let slowness = { beforeMs: 0, afterMs: 0 };

const ROUTES = [
  ['POST', /^\/accounts$/, (_path, body) => [201, accountView(book.openAccount(body))]],
  ['GET', /^\/accounts\/(\w+)$/, ([number]) => found(book.accounts.get(number), accountView)],
  ['PUT', /^\/mandates\/(\w+)$/, ([id], body) => [200, book.addMandate({ ...body, id })]],
  ['PUT', /^\/transfers\/(\w+)$/, transfer],
  [
    'GET',
    /^\/transfers\/(\w+)$/,
    ([id]) => [
      200,
      { asOf: new Date(book.now()).toISOString(), transfer: transferView(book.transfers.get(id)) ?? null },
    ],
  ],
  [
    'POST',
    /^\/transfers\/(\w+)\/return$/,
    ([id], body) => found(book.giveBack({ id, reason: body.reason ?? 'FOCR' }), entryView),
  ],
  ['GET', /^\/accounts\/(\w+)\/statement$/, ([number], _body, query) => [200, statement(number, query)]],
  ['GET', /^\/accounts\/(\w+)\/returns$/, ([number], _body, query) => [200, returns(number, query)]],
  [
    'PUT',
    /^\/operator\/slowness$/,
    (_path, body) => [200, (slowness = { beforeMs: 0, afterMs: 0, ...body })],
  ],
];

const server = createServer((request, response) => {
  answer(request).then(
    ([status, body]) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    },
    (error) => {
      response.writeHead(error.status ?? 500).end(JSON.stringify({ error: error.message }));
    },
  );
});
server.listen(Number(process.env.BANK_PORT ?? 0), '127.0.0.1', () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
});
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(0));
// Whoever starts the bank with a pipe as its input takes it along when it ends.
if (process.argv.includes('--until-stdin-closes')) process.stdin.resume().once('end', () => process.exit(0));

async function answer(request) {
  const url = new URL(request.url, 'http://bank');
  for (const [method, pattern, handle] of ROUTES) {
    const match = pattern.exec(url.pathname);
    if (!match || request.method !== method) continue;
    const body = method === 'GET' ? {} : await readBody(request);
    return handle(match.slice(1), body, url.searchParams);
  }
  return [404, { error: 'there is nothing here' }];
}

async function transfer([id], body) {
  const { beforeMs, afterMs } = slowness;
  if (beforeMs > 0) await setTimeout(beforeMs);
  const done = book.transfer({ ...body, id });
  if (afterMs > 0) await setTimeout(afterMs);
  return [200, { asOf: new Date(book.now()).toISOString(), transfer: transferView(done) }];
}

/** Lines of an account in [from, to), a page at a time, with the balances at both ends. */
function statement(number, query) {
  const [from, to] = [Date.parse(query.get('from')), Date.parse(query.get('to'))];
  const after = Number(query.get('after') ?? 0);
  const mine = book.entries.filter((entry) => entry.from === number || entry.to === number);
  const sum = (entries) =>
    entries.reduce((total, entry) => total + (entry.to === number ? entry.amount : -entry.amount), 0n);
  const closing = (book.accounts.get(number)?.balance ?? 0n) - sum(mine.filter(({ at }) => at >= to));
  const inside = mine.filter(({ at }) => at >= from && at < to);
  const page = inside.filter(({ seq }) => seq > after).slice(0, PAGE);
  return {
    opening: String(closing - sum(inside)),
    closing: String(closing),
    entries: page.map(entryView),
    next: page.length === PAGE ? page.at(-1).seq : null,
  };
}

/** Transfers with this account that were taken back, from a cursor on. */
function returns(number, query) {
  const after = Number(query.get('after') ?? 0);
  const mine = book.entries.filter(
    (entry) =>
      entry.what === 'return' && entry.notice > after && (entry.from === number || entry.to === number),
  );
  return { returns: mine.slice(0, PAGE).map(entryView) };
}

function found(value, view) {
  return value === undefined ? [404, { error: 'not here' }] : [200, view(value)];
}

function accountView({ number, holder, balance }) {
  return { number, holder, balance: String(balance) };
}

function transferView(transfer) {
  if (transfer === undefined) return undefined;
  return transfer.what === 'refusal' ? { refused: transfer.reason } : entryView(transfer);
}

function entryView({ amount, at, ...entry }) {
  return { ...entry, amount: String(amount), at: new Date(at).toISOString() };
}

async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw Object.assign(new Error('too large'), { status: 413 });
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
}
