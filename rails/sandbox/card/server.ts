/**
 * The card processor as an HTTP server: `/card/…` for clients, `/card/challenges/…` for cardholders and
 * `/card/operator/…` for the operator of the simulation.
 */
import { mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SANDBOX_OPENING_BALANCE_MINOR, SLOW_ANSWER_MS } from '../constants';
import type { FamilyOptions, RunningFamily } from '../families';
import { HttpError, readBody, sendJson } from '../http';
import { JournalError, openJournal } from '../journal';
import { loadSigner } from '../keys';
import { onQuestion, type ApiDeps } from './api';
import { onChallenge, parseCompletion, sendChallenge } from './challenge-page';
import { loadCredentials } from './credentials';
import { createCardMisbehaviour } from './misbehaviour';
import { onOperatorQuestion } from './operator';
import { createProcessor, Refusal, type Processor } from './processor';
import { readSettings } from './settings';
import { applyChange, createState, type JournalLine } from './state';
import { sweep } from './upkeep';
import { createWebhooks } from './webhooks';

const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than any client keeps an idle connection, so that the client closes it first. */
const KEEP_ALIVE_MS = 75_000;
/** How often time alone moves things on, when nobody asks. */
const SWEEP_EVERY_MS = 1_000;

/** A lone network of the family `card`. `info` has `apiKey`, `publishableKey` and `webhookSecret`. */
export async function startCardSandbox(options: FamilyOptions): Promise<RunningFamily> {
  const dataDir = join(options.dataDir, 'card');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const { settings, webhookUrl } = readSettings(options.settings);
  const signer = await loadSigner(dataDir, 'card-processor');
  const credentials = await loadCredentials(dataDir);
  const state = createState();
  const journal = await openJournal<JournalLine>(join(dataDir, 'journal.jsonl'), ({ at, changes }) => {
    state.lastAt = at;
    for (const change of changes) applyChange(state, change);
  });
  const processor = createProcessor({
    state,
    settings,
    signer,
    misbehaviour: createCardMisbehaviour(options.seed ?? 1),
    clock: () => new Date(),
    append: (line) => journal.append(line),
  });
  processor.transact(() => open(processor, webhookUrl));
  await journal.flushed();
  const webhooks = createWebhooks(processor, credentials.webhookSecret);
  const { slowAnswerMs = SLOW_ANSWER_MS } = options;
  const settled = async () => {
    // What happens while the disk is busy is told of by whoever waits for that.
    const events = state.events.length;
    await journal.flushed();
    webhooks.pump(events);
  };
  const deps: ApiDeps = { processor, credentials, slowAnswerMs, settled };
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS });
  server.on('request', (request, response) => {
    route(deps, request, response).catch((error: unknown) => onError(error, response, options.onFatal));
  });
  await listen(server, options);
  const url = `http://${options.host}:${(server.address() as AddressInfo).port}`;
  processor.publicUrl = `${url}/card`;
  webhooks.pump(state.events.length);
  const upkeep = setInterval(() => {
    processor.transact(() => sweep(processor));
    settled().catch(options.onFatal);
  }, SWEEP_EVERY_MS);
  return {
    url,
    keys: { card: signer.publicKey },
    info: credentials,
    async close() {
      clearInterval(upkeep);
      await closeServer(server);
      await webhooks.close();
      await journal.close();
    },
  };
}

function open(processor: Processor, webhookUrl: string | undefined): void {
  if (processor.state.openingMinor === undefined) {
    const record = { balance_minor: SANDBOX_OPENING_BALANCE_MINOR.toString() };
    processor.record({ put: 'opening', record });
  }
  if (webhookUrl !== undefined) processor.record({ put: 'webhook', record: { url: webhookUrl } });
}

async function route(deps: ApiDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://sandbox');
  const [family, ...path] = url.pathname.split('/').slice(1).map(decodeURIComponent);
  if (family !== 'card') throw new HttpError(404, 'there is no such network');
  const method = request.method ?? '';
  const text = (await readBody(request)).toString('utf8');
  const contentType = request.headers['content-type'] ?? '';
  if (path[0] === 'challenges' && path.length === 2) {
    const body = method === 'POST' ? parseCompletion(contentType, text) : undefined;
    const challenge = onChallenge(deps.processor, { method, id: path[1] ?? '', body });
    await deps.settled();
    const html = /text\/html/.test(request.headers.accept ?? '');
    return sendChallenge(deps.processor, challenge, response, html);
  }
  const body = parseJson(text, contentType);
  if (path[0] !== 'operator') {
    const question = { method, path, query: url.searchParams, text, body, headers: request.headers };
    return onQuestion(deps, question, response);
  }
  const question = { method, path: path.slice(1), query: url.searchParams, body };
  const answer = onOperatorQuestion(deps.processor, question);
  await deps.settled();
  sendJson(response, answer.status, answer.body);
}

function parseJson(text: string, contentType: string): unknown {
  if (text === '') return undefined;
  if (!/^application\/json(;|$)/.test(contentType))
    throw new HttpError(415, 'the processor speaks application/json');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new HttpError(400, 'not JSON');
  }
}

function onError(error: unknown, response: ServerResponse, onFatal: (error: unknown) => void): void {
  if (error instanceof HttpError) return sendJson(response, error.status, { error: error.message });
  if (error instanceof Refusal) {
    const { status, code, message } = error;
    return sendJson(response, status, { error: { code, message } });
  }
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

function listen(server: Server, { host, port }: FamilyOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
