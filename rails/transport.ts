/** What every adapter's HTTP has in common: one pool, bounded answers, and telling "never sent" from "answer lost". */
import { Pool } from 'undici';

/** Errors of opening a connection: no byte of the message has left. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_CLOSED',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

export interface PoolOptions {
  origin: string;
  connections: number;
  timeoutMs: number;
}

export function createPool({ origin, connections, timeoutMs }: PoolOptions): Pool {
  return new Pool(origin, {
    connections,
    pipelining: 1,
    // Shorter than the deadline of the whole, so that a server that is down is told apart from one that is slow.
    connect: { timeout: Math.ceil(timeoutMs / 2) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
}

/** The error's code where it proves that nothing was sent; a request that was given up proves nothing. */
export function notSentCode(error: unknown, aborted: boolean): string | undefined {
  const { code } = error as { code?: string };
  return !aborted && code !== undefined && NOT_SENT.has(code) ? code : undefined;
}

/** Why an answer is missing, for people to read. */
export function lossOf(error: unknown, aborted: boolean): string {
  const { code, message } = error as { code?: string; message?: string };
  return aborted ? 'no answer in time' : `the answer was lost or unusable: ${code ?? message ?? 'unknown'}`;
}

/** The whole body. One of more than `maxBytes` is given up with the error that `tooLarge` makes. */
export async function readBounded(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  tooLarge: () => Error,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
