/**
 * An x402 v2 facilitator that really settles on a chain, as a process of its own.
 *
 * Settings: `rpcUrl`; `token`, its address or CAIP-19 id; `privateKeyFile` or `privateKey` of an account with gas (hex);
 * `payTo`, the merchant's wallet for payments by token; `pendingMs` (2000) and `confirmationTimeoutMs` (10000).
 */
import { mkdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getAddress, type Hex } from 'viem';
import { SLOW_ANSWER_MS } from '../constants';
import type { FamilyOptions, RunningFamily } from '../families';
import { HttpError, readBody, sendJson } from '../http';
import { JournalError, openJournal } from '../journal';
import { transmit } from './answers';
import { createFacilitatorBooks, type FacilitatorEvent } from './books';
import { openChain } from './chain';
import { ROUTES, type HandlerDeps } from './handlers';
import { createMischief } from './misbehaviour';

export {
  FACILITATOR_MAGIC_AMOUNTS,
  FACILITATOR_MISBEHAVIOURS,
  REFUSAL_REASONS,
  type FacilitatorMisbehaviour,
  type RefusalReason,
} from './misbehaviour';

const PENDING_MS = 2_000;
const CONFIRMATION_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const FUND_TIMEOUT_MS = 5_000;
/** Longer than any client keeps an idle connection, so that the client closes it first. */
const KEEP_ALIVE_MS = 75_000;

export async function startFacilitator(options: FamilyOptions): Promise<RunningFamily> {
  const { settings } = options;
  const dataDir = join(options.dataDir, 'facilitator');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const books = createFacilitatorBooks();
  const journal = await openJournal<FacilitatorEvent>(join(dataDir, 'journal.jsonl'), (event) =>
    books.apply(event),
  );
  const record = (event: FacilitatorEvent) => {
    books.apply(event);
    journal.append(event);
  };
  const privateKey = await privateKeyOf(settings);
  const shared = { books, record, flushed: () => journal.flushed(), clock: () => new Date(), privateKey };
  const chain = await openChain({
    ...shared,
    rpcUrl: needed(settings, 'rpcUrl'),
    token: tokenAddress(needed(settings, 'token')),
    pendingMs: Number(settings.pendingMs ?? PENDING_MS),
    confirmationTimeoutMs: Number(settings.confirmationTimeoutMs ?? CONFIRMATION_TIMEOUT_MS),
  });
  let payTo: Hex | undefined = settings.payTo ? getAddress(settings.payTo) : undefined;
  const deps: HandlerDeps = {
    ...shared,
    chain,
    mischief: createMischief(),
    payTo: () => payTo,
    setPayTo: (address) => void (payTo = address),
    fund: (address, amountMinor) => fund(needed(settings, 'rpcUrl'), { address, amountMinor }),
  };
  const slowAnswerMs = options.slowAnswerMs ?? SLOW_ANSWER_MS;
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS });
  server.on('request', (request, response) => {
    answer(deps, request, response, slowAnswerMs).catch((error: unknown) =>
      onError(error, response, options.onFatal),
    );
  });
  await listen(server, options);
  return {
    url: `http://${options.host}:${(server.address() as AddressInfo).port}`,
    keys: {},
    info: { address: chain.address, network: chain.network, token: chain.token, ...chain.domain },
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      chain.close();
      await journal.close();
    },
  };
}

/** The operator of the sandbox's chain has play money. */
async function fund(chainUrl: string, wanted: { address: Hex; amountMinor: string }): Promise<void> {
  const response = await fetch(`${chainUrl}/operator/fund`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(wanted),
    signal: AbortSignal.timeout(FUND_TIMEOUT_MS),
  });
  await response.body?.cancel();
  if (!response.ok) throw new HttpError(502, 'the chain did not fund the wallet');
}

function needed(settings: FamilyOptions['settings'], name: string): string {
  const value = settings[name];
  if (!value) throw new Error(`the facilitator needs the setting ${name}`);
  return value;
}

async function privateKeyOf(settings: FamilyOptions['settings']): Promise<Hex> {
  const text = settings.privateKeyFile
    ? (await readFile(settings.privateKeyFile, 'utf8')).trim()
    : needed(settings, 'privateKey');
  if (!/^(0x)?[0-9a-fA-F]{64}$/.test(text)) throw new Error('the private key is 32 bytes in hex');
  return (text.startsWith('0x') ? text : `0x${text}`) as Hex;
}

/** `0x…`, or the address in `eip155:1/erc20:0x…`. */
function tokenAddress(token: string): Hex {
  return getAddress(token.slice(token.lastIndexOf(':') + 1));
}

async function answer(
  deps: HandlerDeps,
  request: IncomingMessage,
  response: ServerResponse,
  slowAnswerMs: number,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://sandbox');
  const path = url.pathname.split('/').slice(1).map(decodeURIComponent);
  const handler = findHandler(request.method ?? '', path);
  const body = parseJson(await readBody(request), request);
  const { behaviour, ...reply } = await handler(deps, { method: request.method ?? '', path, body });
  // Nothing is said to anyone before it is on disk.
  await deps.flushed();
  await transmit(reply, behaviour, response, slowAnswerMs);
}

function findHandler(method: string, path: readonly string[]) {
  const found = Object.entries(ROUTES).find(([route]) => {
    const [wanted, pattern = ''] = route.split(' ');
    const segments = pattern.split('/');
    return (
      wanted === method &&
      segments.length === path.length &&
      segments.every((segment, at) => segment === '*' || segment === path[at])
    );
  });
  if (!found) throw new HttpError(404, 'there is no such endpoint');
  return found[1];
}

function parseJson(body: Buffer, request: IncomingMessage): unknown {
  if (body.length === 0) return undefined;
  if (!/^application\/json(;|$)/.test(request.headers['content-type'] ?? ''))
    throw new HttpError(415, 'the facilitator speaks application/json');
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    throw new HttpError(400, 'not JSON');
  }
}

function onError(error: unknown, response: ServerResponse, onFatal: (error: unknown) => void): void {
  if (error instanceof HttpError) return sendJson(response, error.status, { error: error.message });
  if (error instanceof URIError) return sendJson(response, 400, { error: 'bad request' });
  sendJson(response, 500, { error: 'internal error' });
  if (error instanceof JournalError) onFatal(error);
  else console.error(error);
}

function listen(server: Server, { host, port }: FamilyOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
