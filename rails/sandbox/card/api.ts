/** The client's side: a question with an API key in, a signed answer out, as badly as was asked for. */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sha256Hex } from '../../../domain/canonical';
import { IDEMPOTENCY_HEADER, KEY_ID_HEADER, SIGNATURE_HEADER } from '../../card/wire';
import { HANG_MS } from '../constants';
import type { CardCredentials } from './credentials';
import type { CardMisbehaviourKind, CardSubject } from './misbehaviour';
import { Refusal, type Processor } from './processor';
import { ENDPOINTS, type Answered, type Asked, type Endpoint } from './questions';
import { sweep } from './upkeep';

export interface ApiDeps {
  processor: Processor;
  credentials: CardCredentials;
  slowAnswerMs: number;
  /** Waits until what happened is on disk, and lets the webhooks tell of it. */
  settled: () => Promise<void>;
}

export interface HttpQuestion {
  method: string;
  path: string[];
  query: URLSearchParams;
  /** The raw body, and what it says. */
  text: string;
  body: unknown;
  headers: IncomingMessage['headers'];
}

interface Outcome {
  answered: Answered;
  kind?: CardMisbehaviourKind;
  replayed?: boolean;
}

export async function onQuestion(
  deps: ApiDeps,
  question: HttpQuestion,
  response: ServerResponse,
): Promise<void> {
  const outcome = decide(deps, question);
  // Nothing is said to anyone before it is on disk.
  await deps.settled();
  await transmit(deps, outcome, response);
}

function decide(deps: ApiDeps, question: HttpQuestion): Outcome {
  try {
    const { endpoint, id } = route(question);
    authenticate(deps.credentials, question, endpoint);
    const asked = { id, query: question.query, body: question.body, csv: wantsCsv(question) };
    return endpoint.idempotent ? once(deps, question, endpoint, asked) : perform(deps, endpoint, asked);
  } catch (error) {
    if (error instanceof Refusal) return { answered: refusalAnswer(error) };
    throw error;
  }
}

function route({ method, path }: HttpQuestion): { endpoint: Endpoint; id: string } {
  const pattern = path.map((segment, index) => (index === 1 ? '*' : segment)).join('/');
  const key = `${method} ${pattern}`;
  const endpoint = Object.hasOwn(ENDPOINTS, key) ? ENDPOINTS[key] : undefined;
  if (!endpoint) throw new Refusal(404, 'unknown_endpoint', 'there is no such endpoint');
  return { endpoint, id: path[1] ?? '' };
}

function authenticate(
  { apiKey, publishableKey }: CardCredentials,
  { headers }: HttpQuestion,
  endpoint: Endpoint,
): void {
  const given = /^Bearer (\S{1,200})$/.exec(headers.authorization ?? '')?.[1] ?? '';
  if (isSame(given, apiKey)) return;
  if (!isSame(given, publishableKey)) throw new Refusal(401, 'invalid_api_key', 'the API key is not known');
  if (!endpoint.publishable) throw new Refusal(403, 'secret_key_required', 'this needs the secret key');
}

function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(Buffer.from(sha256Hex(given)), Buffer.from(sha256Hex(expected)));
}

function wantsCsv({ headers }: HttpQuestion): boolean {
  return /^text\/csv\b/.test(headers.accept ?? '');
}

/** The same key with the same question gets the first answer again; with another question it is a conflict. */
function once(deps: ApiDeps, question: HttpQuestion, endpoint: Endpoint, asked: Asked): Outcome {
  const { processor } = deps;
  const key = question.headers[IDEMPOTENCY_HEADER];
  if (typeof key !== 'string' || !/^[\w.:-]{1,128}$/.test(key))
    throw new Refusal(400, 'idempotency_key_required', `send an ${IDEMPOTENCY_HEADER} header`);
  const fingerprint = sha256Hex(`${question.method} ${question.path.join('/')}\n${question.text}`);
  const known = processor.state.answers.get(key);
  if (known && known.fingerprint !== fingerprint)
    throw new Refusal(409, 'idempotency_conflict', 'the key was used for another question');
  if (known) {
    return { answered: { status: known.status, body: JSON.parse(known.body) as unknown }, replayed: true };
  }
  return perform(deps, endpoint, asked, ({ status, body }) =>
    processor.record({ put: 'answer', record: { key, fingerprint, status, body: JSON.stringify(body) } }),
  );
}

function perform(
  { processor }: ApiDeps,
  endpoint: Endpoint,
  asked: Asked,
  remember: (answered: Answered) => void = () => undefined,
): Outcome {
  processor.transact(() => sweep(processor));
  const kind = processor.misbehaviour.choose(subjectOf(processor, endpoint, asked));
  if (kind === 'time_out' || kind === 'fail') return { answered: { status: 500, body: {} }, kind };
  const answered = processor.transact(() => {
    const result = attempt(() => endpoint.run(processor, asked, kind));
    remember(result);
    return result;
  });
  return { answered, kind };
}

function attempt(run: () => Answered): Answered {
  try {
    return run();
  } catch (error) {
    if (error instanceof Refusal) return refusalAnswer(error);
    throw error;
  }
}

function refusalAnswer({ status, code, message }: Refusal): Answered {
  return { status, body: { error: { code, message } } };
}

/** What a misbehaviour can be chosen by: the amount and reference in the question, or of what it is about. */
function subjectOf({ state }: Processor, { occasion }: Endpoint, { id, query, body }: Asked): CardSubject {
  const { amount_minor, ceiling_minor, reference } = (body ?? {}) as Record<string, unknown>;
  const amount = amount_minor ?? ceiling_minor ?? state.authorizations.get(id)?.amount_minor;
  const quoted = reference ?? query.get('reference') ?? state.authorizations.get(id)?.reference;
  return {
    occasion,
    ...(typeof quoted === 'string' ? { reference: quoted } : {}),
    ...(typeof amount === 'string' && /^\d{1,18}$/.test(amount) ? { amountMinor: BigInt(amount) } : {}),
  };
}

async function transmit(deps: ApiDeps, outcome: Outcome, response: ServerResponse): Promise<void> {
  const { answered, kind, replayed } = outcome;
  switch (kind) {
    case 'time_out':
    case 'execute_then_time_out':
      return hang(response);
    case 'execute_then_disconnect':
      return void response.destroy();
    case 'fail':
    case 'execute_then_fail':
      return respond(response, 500, { 'content-type': 'text/plain' }, 'internal error');
    case 'garbage':
      return respond(response, 200, { 'content-type': 'text/html' }, '<html><body>Maintenance</body></html>');
    case 'slow':
      await new Promise((resolve) => setTimeout(resolve, deps.slowAnswerMs));
      break;
    default:
  }
  const { signer } = deps.processor;
  const text = answered.csv ?? JSON.stringify(answered.body);
  const signature = signer.sign(kind === 'bad_signature' ? `${text} ` : text);
  const headers = {
    'content-type':
      answered.csv === undefined ? 'application/json' : 'text/csv; charset=utf-8; header=present',
    [KEY_ID_HEADER]: signer.keyId,
    [SIGNATURE_HEADER]: signature,
    ...(replayed ? { 'idempotent-replayed': 'true' } : {}),
  };
  respond(response, answered.status, headers, text);
}

function respond(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  text: string,
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) }).end(text);
}

function hang(response: ServerResponse): void {
  const timer = setTimeout(() => response.destroy(), HANG_MS);
  timer.unref();
  response.once('close', () => clearTimeout(timer));
}
