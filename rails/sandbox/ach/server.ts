/** The bank behind an HTTP server: `/ach/files`, `/ach/entries`, … for participants, `/ach/operator/…` for the operator. */
import { mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ACH_PROFILE } from '../../ach';
import { SANDBOX_OPENING_BALANCE_MINOR, SLOW_ANSWER_MS } from '../constants';
import type { FamilyOptions, RunningFamily } from '../families';
import { HttpError, readBody, sendJson } from '../http';
import { JournalError, openJournal } from '../journal';
import { loadSigner } from '../keys';
import type { Bank, BankSettings } from './bank';
import { createBooks } from './books';
import { begin, tick } from './day';
import type { BankEvent } from './events';
import { onExchange, type ExchangeDeps } from './exchange';
import { createMisbehaviours } from './misbehaviour';
import { onOperatorRequest } from './operator';

export interface AchSandboxOptions extends FamilyOptions {
  clock?: () => Date;
}

interface Hosted extends ExchangeDeps {
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than any client keeps an idle connection, so that the client closes it first. */
const KEEP_ALIVE_MS = 75_000;
/** How often the clock is looked at, at most and at least. */
const TICK_MS = { least: 20, most: 10_000 };
const NETWORK = 'ach';

/** Settings: `dayMs` (0: real days), `cutOff` (HH:MM, 17:00), `statementMode` (entry or batch). */
export async function startAchSandbox(options: AchSandboxOptions): Promise<RunningFamily> {
  const hosted = await openBank(options);
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS });
  server.on('request', (request, response) => {
    route(hosted, request, response).catch((error: unknown) => onError(error, response, options.onFatal));
  });
  await listen(server, options);
  const timer = setInterval(() => tick(hosted.bank), tickMs(hosted.bank.settings));
  return {
    url: `http://${options.host}:${(server.address() as AddressInfo).port}`,
    keys: { [NETWORK]: hosted.signer.publicKey },
    info: {},
    async close() {
      clearInterval(timer);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await hosted.close();
    },
  };
}

function tickMs({ dayMs }: BankSettings): number {
  if (dayMs === 0) return TICK_MS.most;
  return Math.min(TICK_MS.most, Math.max(TICK_MS.least, Math.floor(dayMs / 5)));
}

async function openBank(options: AchSandboxOptions): Promise<Hosted> {
  const dataDir = join(options.dataDir, NETWORK);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const profile = ACH_PROFILE;
  const settings = settingsOf(options.settings, profile.cutOffMinutes);
  const books = createBooks(profile.settlementAccount);
  const journal = await openJournal<BankEvent>(join(dataDir, 'journal.jsonl'), (event) => books.apply(event));
  const clock = options.clock ?? (() => new Date());
  const bank: Bank = {
    profile,
    settings,
    books,
    clock,
    misbehaviours: createMisbehaviours(options.seed ?? 1),
    record(event) {
      books.apply(event);
      journal.append(event);
    },
  };
  const { routingNumber, accountNumber } = profile.settlementAccount;
  if (!books.accounts.find({ routingNumber, accountNumber })) {
    bank.record({
      type: 'account_opened',
      at: clock().toISOString(),
      routingNumber,
      accountNumber,
      holderName: profile.settlementAccount.holderName,
      accountType: 'checking',
      business: true,
      asset: 'USD',
      balanceMinor: SANDBOX_OPENING_BALANCE_MINOR.toString(),
      refusesMandates: true,
    });
  }
  begin(bank);
  await journal.flushed();
  const signer = await loadSigner(dataDir, 'ach-network');
  const slowAnswerMs = options.slowAnswerMs ?? SLOW_ANSWER_MS;
  return { bank, journal, signer, slowAnswerMs, close: () => journal.close() };
}

function settingsOf(given: Readonly<Record<string, string>>, cutOffMinutes: number): BankSettings {
  const { dayMs = '0', cutOff, statementMode = 'entry', ...unknown } = given;
  const [stray] = Object.keys(unknown);
  if (stray !== undefined) throw new Error(`the ach sandbox has no setting ${stray}`);
  if (!/^\d{1,10}$/.test(dayMs)) throw new Error('dayMs is a number of milliseconds');
  if (statementMode !== 'entry' && statementMode !== 'batch')
    throw new Error('statementMode is entry or batch');
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(cutOff ?? '') ?? [];
  if (cutOff !== undefined && hours === undefined) throw new Error('cutOff is HH:MM');
  return {
    dayMs: Number(dayMs),
    cutOffMinutes: hours === undefined ? cutOffMinutes : Number(hours) * 60 + Number(minutes),
    statementMode,
  };
}

async function route(hosted: Hosted, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://sandbox');
  const [network = '', ...path] = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
  if (network !== NETWORK) throw new HttpError(404, 'there is no such network');
  tick(hosted.bank);
  if (path[0] !== 'operator') return onExchange(hosted, request, response, path);
  const body = parseJson(await readBody(request));
  const answer = onOperatorRequest(hosted.bank, {
    method: request.method ?? '',
    path: path.slice(1),
    query: url.searchParams,
    body,
  });
  await hosted.journal.flushed();
  sendJson(response, answer.status, answer.body);
}

function parseJson(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    throw new HttpError(400, 'not JSON');
  }
}

function onError(error: unknown, response: ServerResponse, onFatal: (error: unknown) => void): void {
  if (error instanceof HttpError) return sendJson(response, error.status, { error: error.message });
  if (error instanceof URIError || isAborted(error)) return sendJson(response, 400, { error: 'bad request' });
  sendJson(response, 500, { error: 'internal error' });
  if (error instanceof JournalError) onFatal(error);
  else console.error(error);
}

/** The other side went away while it was sending. */
function isAborted(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNABORTED';
}

function listen(server: Server, { host, port }: AchSandboxOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
