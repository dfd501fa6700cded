/** One signed question, one bundle of signed answers. The only place that talks to the network. */
import type { Pool } from 'undici';
import type { PublicKey, Signer } from '../../domain/keys';
import { Iso20022Error, parseMessage, type Message } from '../iso20022';
import { RailUnreachableError } from '../port';
import { createPool, lossOf, notSentCode, readBounded } from '../transport';
import {
  BundleError,
  decodeBundle,
  isSignedBy,
  KEY_ID_HEADER,
  SIGNATURE_HEADER,
  signMessage,
  XML_TYPE,
  type SignedMessage,
} from './bundle';

/** A message of the network whose signature held and whose content is what its type demands. */
export interface Received {
  signed: SignedMessage;
  message: Message;
}

/** `answered` only with what is authentic; anything else that may have been sent is `unknown`. */
export type Exchange = { kind: 'answered'; received: Received[] } | { kind: 'unknown'; detail: string };

export interface NetworkClient {
  exchange(xml: string, signal?: AbortSignal): Promise<Exchange>;
  close(): Promise<void>;
}

export interface NetworkClientDeps {
  /** The network's base address, e.g. `https://host/rtp`. */
  networkUrl: string;
  signer: Signer;
  networkKey: PublicKey;
  timeoutMs: number;
}

const MAX_CONNECTIONS = 128;
const MAX_ANSWER_BYTES = 8_000_000;

export function createNetworkClient(deps: NetworkClientDeps): NetworkClient {
  const base = new URL(deps.networkUrl);
  const { timeoutMs } = deps;
  const pool = createPool({ origin: base.origin, connections: MAX_CONNECTIONS, timeoutMs });
  const path = `${base.pathname.replace(/\/$/, '')}/messages`;
  return {
    exchange: (xml, signal) => exchange(deps, pool, path, xml, signal),
    close: () => pool.close(),
  };
}

async function exchange(
  deps: NetworkClientDeps,
  pool: Pool,
  path: string,
  xml: string,
  signal: AbortSignal | undefined,
): Promise<Exchange> {
  if (signal?.aborted) throw new RailUnreachableError('cancelled before anything was sent');
  const signed = signMessage(xml, deps.signer);
  const deadline = deadlineOf(deps.timeoutMs, signal);
  try {
    const answer = await pool.request({
      path,
      method: 'POST',
      headers: {
        'content-type': XML_TYPE,
        [KEY_ID_HEADER]: signed.keyId,
        [SIGNATURE_HEADER]: signed.signature,
      },
      body: signed.message,
      signal: deadline.signal,
    });
    const body = await readBounded(answer.body, MAX_ANSWER_BYTES, tooLarge);
    if (answer.statusCode !== 200)
      return { kind: 'unknown', detail: `the network answered ${answer.statusCode}` };
    return { kind: 'answered', received: receive(deps.networkKey, answer.headers['content-type'], body) };
  } catch (error) {
    return interpretFailure(error, deadline.signal.aborted);
  } finally {
    deadline.clear();
  }
}

const tooLarge = () => new BundleError('the answer is too large');

function interpretFailure(error: unknown, aborted: boolean): Exchange {
  const code = notSentCode(error, aborted);
  if (code) throw new RailUnreachableError(`the network was not reached: ${code}`, { cause: error });
  return { kind: 'unknown', detail: lossOf(error, aborted) };
}

function receive(key: PublicKey, contentType: unknown, body: Buffer): Received[] {
  const bundle = decodeBundle(typeof contentType === 'string' ? contentType : '', body);
  const authentic = bundle.filter((signed) => isSignedBy(signed, key));
  if (authentic.length === 0) throw new BundleError('no message with a valid signature of the network');
  const received = authentic.flatMap((signed) => readOrDrop(signed));
  if (received.length === 0) throw new BundleError('no message that can be read');
  return received;
}

function readOrDrop(signed: SignedMessage): Received[] {
  try {
    return [{ signed, message: parseMessage(signed.message) }];
  } catch (error) {
    if (error instanceof Iso20022Error) return [];
    throw error;
  }
}

/** One deadline for connecting, sending and reading together; a caller's signal ends it earlier. */
function deadlineOf(timeoutMs: number, signal: AbortSignal | undefined) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, timeoutMs);
  signal?.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    clear: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    },
  };
}
