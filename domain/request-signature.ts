/** Signatures over requests, protocol 2.2: headers X-Agent-ID, X-Timestamp (RFC 3339) and X-Signature (base64). */
import { verifySignature, type PublicKey } from './keys';

export const SIGNATURE_WINDOW_MS = 5 * 60_000;

export interface SignableRequest {
  method: string;
  /** Path and query exactly as sent, e.g. `/v1/beacons/sessions?wait=10`. */
  target: string;
  timestamp: string;
  body: string;
}

/** The bytes to sign: four lines. */
export function requestSigningBytes({ method, target, timestamp, body }: SignableRequest): string {
  return `${method.toUpperCase()}\n${target}\n${timestamp}\n${body}`;
}

/** The plain concatenation without separators or query, as literal readers of the protocol's diagram sign it. */
function plainSigningBytes({ method, target, timestamp, body }: SignableRequest): string {
  return `${method.toUpperCase()}${target.split('?', 1)[0]}${timestamp}${body}`;
}

export function verifyRequest(request: SignableRequest, signature: string, key: PublicKey): boolean {
  if (verifySignature(key, requestSigningBytes(request), signature)) return true;
  // The plain form does not cover the query, so it only counts where there is none to change.
  return !request.target.includes('?') && verifySignature(key, plainSigningBytes(request), signature);
}

/** Whether the timestamp lies within the window around `now`. */
export function isFresh(timestamp: string, now: Date): boolean {
  const at = Date.parse(timestamp);
  return RFC_3339.test(timestamp) && Math.abs(now.getTime() - at) <= SIGNATURE_WINDOW_MS;
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;
