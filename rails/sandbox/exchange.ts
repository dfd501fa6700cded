/** The participants' endpoint: one signed message in, a bundle of signed messages out, as badly as was asked for. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Signer } from '../../domain/keys';
import { Iso20022Error } from '../iso20022';
import {
  BundleError,
  decodeUtf8,
  encodeBundle,
  isSignedBy,
  KEY_ID_HEADER,
  SIGNATURE_HEADER,
  signMessage,
  type SignedMessage,
} from '../instant/bundle';
import { HANG_MS } from './constants';
import { HttpError, readBody, send } from './http';
import type { Journal } from './journal';
import type { Network, Reply } from './network';

export interface ExchangeDeps {
  network: Network;
  journal: Pick<Journal<unknown>, 'flushed'>;
  signer: Signer;
  slowAnswerMs: number;
}

export async function onMessage(deps: ExchangeDeps, request: IncomingMessage, response: ServerResponse) {
  const signed = await readSigned(request);
  const participant = deps.network.books.participantKey();
  if (!participant || participant.keyId !== signed.keyId || !isSignedBy(signed, participant.publicKey)) {
    throw new HttpError(401, 'not signed by a registered participant');
  }
  const reply = decide(deps.network, signed);
  // Nothing is said to anyone before it is on disk.
  await deps.journal.flushed();
  await transmit(deps, reply, response);
}

async function readSigned(request: IncomingMessage): Promise<SignedMessage> {
  const body = await readBody(request);
  if (!/^application\/xml(;|$)/.test(request.headers['content-type'] ?? '')) {
    throw new HttpError(415, 'a message is application/xml');
  }
  const keyId = request.headers[KEY_ID_HEADER];
  const signature = request.headers[SIGNATURE_HEADER];
  if (typeof keyId !== 'string' || typeof signature !== 'string') throw new HttpError(401, 'not signed');
  try {
    return { message: decodeUtf8(body), keyId, signature };
  } catch (error) {
    if (error instanceof BundleError) throw new HttpError(400, error.message);
    throw error;
  }
}

function decide(network: Network, signed: SignedMessage): Reply {
  try {
    const reply = network.handle(signed.message);
    if (!reply) throw new HttpError(422, 'participants do not send this message');
    return reply;
  } catch (error) {
    if (error instanceof Iso20022Error) throw new HttpError(400, error.message);
    throw error;
  }
}

async function transmit(
  { signer, slowAnswerMs }: ExchangeDeps,
  reply: Reply,
  response: ServerResponse,
): Promise<void> {
  switch (reply.misbehaviour) {
    case 'time_out':
    case 'execute_then_time_out':
      return hang(response);
    case 'execute_then_disconnect':
      return void response.destroy();
    case 'fail':
    case 'execute_then_fail':
      return send(response, 500, 'text/plain', 'internal error');
    case 'garbage':
      return send(response, 200, 'text/html', '<html><body>Service temporarily in maintenance</body></html>');
    case 'slow':
      await delay(slowAnswerMs);
      break;
    default:
  }
  const sign = reply.misbehaviour === 'bad_signature' ? signWrongly : signMessage;
  const { contentType, body } = encodeBundle(reply.messages.map((message) => sign(message, signer)));
  send(response, 200, contentType, body);
}

/** A signature that is well formed, by the right key, of something else. */
function signWrongly(message: string, signer: Signer): SignedMessage {
  return { ...signMessage(`${message} `, signer), message };
}

function hang(response: ServerResponse): void {
  const timer = setTimeout(() => response.destroy(), HANG_MS);
  timer.unref();
  response.once('close', () => clearTimeout(timer));
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
