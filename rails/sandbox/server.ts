/** Both networks behind one HTTP server: `/<network>/messages` for participants, `/<network>/operator/…` for the operator. */
import { mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { PublicKey } from '../../domain/keys';
import { INSTANT_RAILS, PROFILES, type InstantRail } from '../instant';
import { createBooks } from './books';
import { SANDBOX_OPENING_BALANCE_MINOR, SLOW_ANSWER_MS } from './constants';
import type { NetworkEvent } from './events';
import { onMessage, type ExchangeDeps } from './exchange';
import { HttpError, readBody, sendJson } from './http';
import { JournalError, openJournal, type Journal } from './journal';
import { loadSigner } from './keys';
import { createMisbehaviour } from './misbehaviour';
import { createNetwork } from './network';
import { onOperatorRequest } from './operator';

export interface SandboxOptions {
  dataDir: string;
  host: string;
  /** 0 for any free port. */
  port: number;
  networks?: readonly InstantRail[];
  slowAnswerMs?: number;
  seed?: number;
  clock?: () => Date;
  /** Called when the journal cannot be written: a network that cannot remember must stop. */
  onFatal: (error: unknown) => void;
}

export interface Sandbox {
  url: string;
  keys: Partial<Record<InstantRail, PublicKey>>;
  close(): Promise<void>;
}

interface Hosted extends ExchangeDeps {
  journal: Journal<NetworkEvent>;
}

const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than any client keeps an idle connection, so that the client closes it first. */
const KEEP_ALIVE_MS = 75_000;

export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const hosted = new Map<string, Hosted>();
  for (const rail of options.networks ?? INSTANT_RAILS) hosted.set(rail, await openNetwork(rail, options));
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS });
  server.on('request', (request, response) => {
    route(hosted, request, response).catch((error: unknown) => onError(error, response, options.onFatal));
  });
  await listen(server, options);
  const keys = Object.fromEntries([...hosted].map(([rail, { signer }]) => [rail, signer.publicKey]));
  return {
    url: `http://${options.host}:${(server.address() as AddressInfo).port}`,
    keys,
    close: () => close(server, [...hosted.values()]),
  };
}

async function openNetwork(rail: InstantRail, options: SandboxOptions): Promise<Hosted> {
  const profile = PROFILES[rail];
  const dataDir = join(options.dataDir, rail);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const clock = options.clock ?? (() => new Date());
  const books = createBooks(profile.settlementAccount);
  const journal = await openJournal<NetworkEvent>(join(dataDir, 'journal.jsonl'), (event) =>
    books.apply(event),
  );
  const network = createNetwork({
    profile,
    books,
    clock,
    misbehaviour: createMisbehaviour(options.seed ?? 1),
    record(event) {
      books.apply(event);
      journal.append(event);
    },
  });
  if (!books.account(profile.settlementAccount)) {
    network.record({
      type: 'account_opened',
      at: clock().toISOString(),
      ...profile.settlementAccount,
      balanceMinor: SANDBOX_OPENING_BALANCE_MINOR.toString(),
      refusesMandates: true,
    });
    await journal.flushed();
  }
  const signer = await loadSigner(dataDir, `${rail}-network`);
  return { network, journal, signer, slowAnswerMs: options.slowAnswerMs ?? SLOW_ANSWER_MS };
}

async function route(
  hosted: Map<string, Hosted>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://sandbox');
  const [rail = '', area, ...path] = url.pathname.split('/').slice(1).map(decodeURIComponent);
  const host = hosted.get(rail);
  if (!host) throw new HttpError(404, 'there is no such network');
  if (area === 'messages' && request.method === 'POST' && path.length === 0)
    return onMessage(host, request, response);
  if (area !== 'operator') throw new HttpError(404, 'there is no such endpoint');
  const body = parseJson(await readBody(request), request);
  const answer = onOperatorRequest(host.network, {
    method: request.method ?? '',
    path,
    query: url.searchParams,
    body,
  });
  await host.journal.flushed();
  sendJson(response, answer.status, answer.body);
}

function parseJson(body: Buffer, request: IncomingMessage): unknown {
  if (body.length === 0) return undefined;
  if (!/^application\/json(;|$)/.test(request.headers['content-type'] ?? '')) {
    throw new HttpError(415, 'the operator speaks application/json');
  }
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

function listen(server: Server, { host, port }: SandboxOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function close(server: Server, hosted: Hosted[]): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
  for (const { journal } of hosted) await journal.close();
}
