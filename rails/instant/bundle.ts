/**
 * Signed messages on the wire. A message travels as `application/xml` with its signer's key id and Ed25519 signature
 * in headers; an answer of several messages is `multipart/mixed`, each part with its own length and signature. The
 * signature is over the message's bytes as they stand.
 */
import { randomBytes } from 'node:crypto';
import { verifySignature, type PublicKey, type Signer } from '../../domain/keys';

export const KEY_ID_HEADER = 'x-key-id';
export const SIGNATURE_HEADER = 'x-signature';
export const XML_TYPE = 'application/xml; charset=utf-8';
const MAX_PARTS = 8;
const MAX_HEADER_BYTES = 1024;

export interface SignedMessage {
  message: string;
  keyId: string;
  /** Base64. */
  signature: string;
}

export class BundleError extends Error {
  override name = 'BundleError';
}

export function signMessage(message: string, signer: Signer): SignedMessage {
  return { message, keyId: signer.keyId, signature: signer.sign(message) };
}

export function isSignedBy(signed: SignedMessage, key: PublicKey): boolean {
  return verifySignature(key, signed.message, signed.signature);
}

/** Bytes to text, refusing what is not UTF-8: a signature covers bytes, so no byte may be lost in decoding. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new BundleError('not UTF-8');
  }
}

export function encodeBundle(messages: readonly SignedMessage[]): { contentType: string; body: Buffer } {
  const boundary = `aura-${randomBytes(12).toString('hex')}`;
  const chunks = messages.flatMap(({ message, keyId, signature }) => {
    const content = Buffer.from(message, 'utf8');
    const head = [
      `--${boundary}`,
      `content-type: ${XML_TYPE}`,
      `content-length: ${content.length}`,
      `${KEY_ID_HEADER}: ${keyId}`,
      `${SIGNATURE_HEADER}: ${signature}`,
    ];
    return [Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'utf8'), content, Buffer.from('\r\n', 'utf8')];
  });
  const body = Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`, 'utf8')]);
  return { contentType: `multipart/mixed; boundary=${boundary}`, body };
}

/** Reads what `encodeBundle` writes, and nothing looser. Throws `BundleError`. */
export function decodeBundle(contentType: string, body: Buffer): SignedMessage[] {
  const boundary = /^multipart\/mixed; ?boundary="?([A-Za-z0-9'()+_,./:=?-]{1,70})"?$/i.exec(
    contentType,
  )?.[1];
  if (!boundary) throw new BundleError('not multipart/mixed');
  const open = Buffer.from(`--${boundary}\r\n`, 'utf8');
  const close = Buffer.from(`--${boundary}--`, 'utf8');
  const messages: SignedMessage[] = [];
  let offset = 0;
  while (startsWith(body, open, offset)) {
    if (messages.length === MAX_PARTS) throw new BundleError('too many parts');
    const start = offset + open.length;
    const headEnd = body.indexOf('\r\n\r\n', start);
    if (headEnd < 0 || headEnd - start > MAX_HEADER_BYTES)
      throw new BundleError('a part without a proper head');
    const head = readHead(decodeUtf8(body.subarray(start, headEnd)));
    const contentStart = headEnd + 4;
    const contentEnd = contentStart + head.length;
    if (!startsWith(body, Buffer.from('\r\n', 'utf8'), contentEnd)) throw new BundleError('a part cut short');
    const message = decodeUtf8(body.subarray(contentStart, contentEnd));
    messages.push({ message, keyId: head.keyId, signature: head.signature });
    offset = contentEnd + 2;
  }
  if (!startsWith(body, close, offset) || messages.length === 0)
    throw new BundleError('an incomplete bundle');
  return messages;
}

function startsWith(body: Buffer, prefix: Buffer, offset: number): boolean {
  return body.subarray(offset, offset + prefix.length).equals(prefix);
}

function readHead(text: string): { length: number; keyId: string; signature: string } {
  const headers = new Map(
    text.split('\r\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const length = headers.get('content-length') ?? '';
  const keyId = headers.get(KEY_ID_HEADER);
  const signature = headers.get(SIGNATURE_HEADER);
  if (!/^\d{1,8}$/.test(length) || !keyId || !signature) throw new BundleError('a part without its headers');
  return { length: Number(length), keyId, signature };
}
