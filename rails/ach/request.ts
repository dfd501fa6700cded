/**
 * Signed requests to the bank: the participant's Ed25519 signature over method, path with query, time and the body's
 * hash, so that neither a file's name nor what is asked for can be exchanged. Answers are signed over their bytes.
 */
import { sha256Hex } from '../../domain/canonical';
import { verifySignature, type PublicKey, type Signer } from '../../domain/keys';
import { KEY_ID_HEADER, SIGNATURE_HEADER } from '../instant/bundle';

export const TIMESTAMP_HEADER = 'x-timestamp';
export const FILE_TYPE = 'text/plain; charset=us-ascii';
export const JSON_TYPE = 'application/json';
/** How far a request's time may be from the bank's, milliseconds. */
export const MAX_REQUEST_SKEW_MS = 300_000;

export interface RequestToSign {
  method: string;
  /** With the query, as on the request line. */
  path: string;
  body: string;
  /** RFC 3339 UTC. */
  at: string;
}

function signedText({ method, path, body, at }: RequestToSign): string {
  return [method, path, at, sha256Hex(body)].join('\n');
}

export function signatureHeaders(request: RequestToSign, signer: Signer): Record<string, string> {
  return {
    [KEY_ID_HEADER]: signer.keyId,
    [TIMESTAMP_HEADER]: request.at,
    [SIGNATURE_HEADER]: signer.sign(signedText(request)),
  };
}

export function isRequestSignedBy(request: RequestToSign, signature: string, key: PublicKey): boolean {
  return verifySignature(key, signedText(request), signature);
}
