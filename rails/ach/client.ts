/** Files and questions to the bank, and its signed answers. The only place that talks to it. */
import type { Pool } from 'undici';
import type { z } from 'zod';
import type { PublicKey, Signer } from '../../domain/keys';
import { canonicalJson } from '../../domain/canonical';
import {
  BundleError,
  decodeUtf8,
  isSignedBy,
  KEY_ID_HEADER,
  SIGNATURE_HEADER,
  type SignedMessage,
} from '../instant/bundle';
import { RailUnreachableError } from '../port';
import { createPool, lossOf, notSentCode, readBounded } from '../transport';
import { JSON_TYPE, signatureHeaders } from './request';

/** An answer whose signature held. */
export interface Answer {
  signed: SignedMessage;
}

/** `answered` only with what is authentic; anything else that may have been sent is `unknown`. */
export type Exchange = ({ kind: 'answered' } & Answer) | { kind: 'unknown'; detail: string };

export interface BankRequest {
  method: 'GET' | 'PUT';
  /** Below the bank's base address, with the query. */
  path: string;
  body?: string;
  contentType?: string;
}

export interface BankClient {
  exchange(request: BankRequest, signal?: AbortSignal): Promise<Exchange>;
  close(): Promise<void>;
}

export interface BankClientDeps {
  networkUrl: string;
  signer: Signer;
  networkKey: PublicKey;
  timeoutMs: number;
  clock: () => Date;
}

const MAX_CONNECTIONS = 32;
const MAX_ANSWER_BYTES = 32_000_000;

export function createBankClient(deps: BankClientDeps): BankClient {
  const base = new URL(deps.networkUrl);
  const { timeoutMs } = deps;
  const pool = createPool({ origin: base.origin, connections: MAX_CONNECTIONS, timeoutMs });
  const prefix = base.pathname.replace(/\/$/, '');
  return {
    exchange: (request, signal) =>
      exchange(deps, pool, { ...request, path: `${prefix}${request.path}` }, signal),
    close: () => pool.close(),
  };
}

async function exchange(
  deps: BankClientDeps,
  pool: Pool,
  { method, path, body = '', contentType = JSON_TYPE }: BankRequest,
  signal: AbortSignal | undefined,
): Promise<Exchange> {
  if (signal?.aborted) throw new RailUnreachableError('cancelled before anything was sent');
  const deadline = AbortSignal.timeout(deps.timeoutMs);
  const ends = signal ? AbortSignal.any([deadline, signal]) : deadline;
  const at = deps.clock().toISOString();
  try {
    const answer = await pool.request({
      path,
      method,
      headers: {
        ...(body === '' ? {} : { 'content-type': contentType }),
        ...signatureHeaders({ method, path, body, at }, deps.signer),
      },
      body: body === '' ? undefined : body,
      signal: ends,
    });
    const content = await readBounded(answer.body, MAX_ANSWER_BYTES, tooLarge);
    if (answer.statusCode !== 200)
      return { kind: 'unknown', detail: `the bank answered ${answer.statusCode}` };
    return { kind: 'answered', signed: authentic(deps.networkKey, answer.headers, content) };
  } catch (error) {
    return interpretFailure(error, ends.aborted);
  }
}

const tooLarge = () => new BundleError('the answer is too large');

function interpretFailure(error: unknown, aborted: boolean): Exchange {
  const code = notSentCode(error, aborted);
  if (code) throw new RailUnreachableError(`the bank was not reached: ${code}`, { cause: error });
  return { kind: 'unknown', detail: lossOf(error, aborted) };
}

function authentic(
  key: PublicKey,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  content: Buffer,
): SignedMessage {
  const { [KEY_ID_HEADER]: keyId, [SIGNATURE_HEADER]: signature } = headers;
  if (typeof keyId !== 'string' || typeof signature !== 'string') throw new BundleError('not signed');
  const signed = { message: decodeUtf8(content), keyId, signature };
  if (!isSignedBy(signed, key)) throw new BundleError('not signed by the bank');
  return signed;
}

/** The answer as what it has to be; undefined where it is something else. */
export function readAnswer<T>(schema: z.ZodType<T>, { signed }: Answer): T | undefined {
  try {
    const result = schema.safeParse(JSON.parse(signed.message));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Evidence that anyone with the bank's key can check: canonical JSON `{format, keyId, message, signature}`, the
 * signature (base64 Ed25519) over the message's UTF-8 bytes.
 */
export function wrapEvidence({ signed }: Answer, format: string): string {
  const { message, keyId, signature } = signed;
  return canonicalJson({ format, keyId, message, signature });
}
