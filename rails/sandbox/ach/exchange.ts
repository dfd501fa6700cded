/** The participants' endpoints: signed requests in, signed answers out, as badly as was asked for. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Signer } from '../../../domain/keys';
import { isRequestSignedBy, JSON_TYPE, MAX_REQUEST_SKEW_MS, TIMESTAMP_HEADER } from '../../ach/request';
import { authorizationRequest } from '../../ach/wire';
import { BundleError, decodeUtf8, KEY_ID_HEADER, SIGNATURE_HEADER } from '../../instant/bundle';
import { HANG_MS } from '../constants';
import { HttpError, readBody } from '../http';
import type { Journal } from '../journal';
import { onAuthorization } from './authorizations';
import type { Bank } from './bank';
import { onFile, type Reply } from './intake';
import { answerKind, preventsRecording, type AnswerKind } from './misbehaviour';
import { batchOf, inboundOf, recordOf, statementPageOf } from './records';

export interface ExchangeDeps {
  bank: Bank;
  journal: Pick<Journal<unknown>, 'flushed'>;
  signer: Signer;
  slowAnswerMs: number;
}

interface Question {
  method: string;
  /** Below the bank's base address. */
  path: string[];
  query: URLSearchParams;
  body: string;
}

export async function onExchange(
  deps: ExchangeDeps,
  request: IncomingMessage,
  response: ServerResponse,
  path: string[],
): Promise<void> {
  const body = await readText(request);
  authenticate(deps.bank, request, body);
  const query = new URL(request.url ?? '/', 'http://sandbox').searchParams;
  const { body: answer, misbehaviour } = decide(deps.bank, {
    method: request.method ?? '',
    path,
    query,
    body,
  });
  // Nothing is said to anyone before it is on disk.
  await deps.journal.flushed();
  const text = typeof answer === 'string' ? answer : JSON.stringify(answer ?? null);
  await transmit(deps, response, text, misbehaviour);
}

async function readText(request: IncomingMessage): Promise<string> {
  try {
    return decodeUtf8(await readBody(request));
  } catch (error) {
    if (error instanceof BundleError) throw new HttpError(400, error.message);
    throw error;
  }
}

function authenticate({ books, clock }: Bank, request: IncomingMessage, body: string): void {
  const { headers, method = '', url: path = '' } = request;
  const [keyId, at, signature] = [KEY_ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER].map(
    (name) => headers[name],
  );
  const participant = books.participantKey();
  const known = participant !== undefined && participant.keyId === keyId;
  const wellFormed = typeof at === 'string' && typeof signature === 'string';
  if (
    !known ||
    !wellFormed ||
    !isRequestSignedBy({ method, path, body, at }, signature, participant.publicKey)
  )
    throw new HttpError(401, 'not signed by a registered participant');
  if (!(Math.abs(clock().getTime() - Date.parse(at)) <= MAX_REQUEST_SKEW_MS))
    throw new HttpError(401, 'the request is too old or from the future');
}

function decide(bank: Bank, { method, path, query, body }: Question): Reply {
  const [area = '', second = '', third] = path;
  const right = (answer: unknown): Reply => ({ body: answer, misbehaviour: undefined });
  switch (`${method} ${area}${path.length > 2 ? `/${second}` : ''}`) {
    case 'PUT files/outbound':
      return onFile(bank, nameOf(third), body);
    case 'GET files':
      if (second === 'inbound') return right(inboundOf(bank, query.get('after')));
      break;
    case 'GET files/inbound': {
      const file = bank.books.inbound(nameOf(third));
      if (!file) throw new HttpError(404, 'there is no such file');
      return right(file.content);
    }
    case 'GET entries':
      return inquiry(bank, second);
    case 'PUT authorizations':
      return authorization(bank, second, body);
    case 'GET statement':
      return right(statementOf(bank, query));
    case 'GET batches':
      return right(batchOf(bank, second));
    default:
  }
  throw new HttpError(404, 'there is no such endpoint');
}

function nameOf(name: string | undefined): string {
  if (!name || !/^[A-Za-z0-9.-]{1,60}$/.test(name)) throw new HttpError(400, 'not the name of a file');
  return name;
}

function inquiry(bank: Bank, key: string): Reply {
  const entry = bank.books.entry(key);
  const rule = bank.misbehaviours.choose({
    occasion: 'inquiry',
    instructionId: key,
    accountNumber: entry?.account.accountNumber,
    amountMinor: entry && BigInt(entry.amountMinor),
  });
  const misbehaviour = answerKind(rule?.kind);
  return { body: preventsRecording(misbehaviour) ? undefined : recordOf(bank, key), misbehaviour };
}

function authorization(bank: Bank, mandateId: string, body: string): Reply {
  if (!/^[A-Za-z0-9_-]{1,40}$/.test(mandateId)) throw new HttpError(400, 'not the id of an authorization');
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new HttpError(400, 'not JSON');
  }
  const request = authorizationRequest.safeParse(value);
  if (!request.success) throw new HttpError(400, 'not a request for an authorization');
  return onAuthorization(bank, mandateId, request.data);
}

function statementOf(bank: Bank, query: URLSearchParams) {
  const [from, to] = ['from', 'to'].map((name) => new Date(query.get(name) ?? ''));
  const offset = Number(query.get('offset') ?? 0);
  if (!from || !to || Number.isNaN(from.getTime()) || Number.isNaN(to.getTime()))
    throw new HttpError(400, 'from and to are instants');
  if (!Number.isSafeInteger(offset) || offset < 0) throw new HttpError(400, 'offset counts from 0');
  return statementPageOf(bank, from.toISOString(), to.toISOString(), offset);
}

async function transmit(
  { signer, slowAnswerMs }: ExchangeDeps,
  response: ServerResponse,
  body: string,
  misbehaviour: AnswerKind | undefined,
): Promise<void> {
  switch (misbehaviour) {
    case 'time_out':
    case 'execute_then_time_out':
      return hang(response);
    case 'execute_then_disconnect':
      return void response.destroy();
    case 'fail':
    case 'execute_then_fail':
      return answer(response, 500, {}, 'internal error');
    case 'garbage':
      return answer(response, 200, {}, '<html><body>Service temporarily in maintenance</body></html>');
    case 'slow':
      await new Promise((resolve) => setTimeout(resolve, slowAnswerMs));
      break;
    default:
  }
  // A wrong signature is well formed, by the right key, of something else.
  const signature = signer.sign(misbehaviour === 'bad_signature' ? `${body} ` : body);
  answer(response, 200, { [KEY_ID_HEADER]: signer.keyId, [SIGNATURE_HEADER]: signature }, body);
}

function answer(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  if (response.headersSent || response.destroyed) return;
  const type = body.startsWith('{') ? JSON_TYPE : 'text/plain; charset=utf-8';
  response.writeHead(status, {
    ...headers,
    'content-type': type,
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

function hang(response: ServerResponse): void {
  const timer = setTimeout(() => response.destroy(), HANG_MS);
  timer.unref();
  response.once('close', () => clearTimeout(timer));
}
