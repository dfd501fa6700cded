/** AES-256-GCM under keys that have names, so that they can be replaced. Nothing here knows what is sealed. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

export const SEALING_KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';

export class SealError extends Error {
  override name = 'SealError';
}

/** Initialisation vector, tag and ciphertext in one. `context` must be the same when it is opened. */
export function encrypt(key: Uint8Array, context: string, plain: Uint8Array): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv).setAAD(Buffer.from(context));
  const text = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), text]);
}

/** Throws `SealError` where the key or the context is another one, or a bit was changed. */
export function decrypt(key: Uint8Array, context: string, sealed: Uint8Array): Buffer {
  const bytes = Buffer.from(sealed);
  if (bytes.length < IV_BYTES + TAG_BYTES) throw new SealError('what was sealed is cut short');
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES))
    .setAAD(Buffer.from(context))
    .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
  } catch {
    throw new SealError(`what was sealed does not open as ${context}`);
  }
}

/** A key of its own for one purpose, from which neither the first key nor another purpose's can be had. */
export function keyFor(key: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', purpose, SEALING_KEY_BYTES));
}

/** Named keys. The newest seals; all of them open. */
export interface KeyRing {
  readonly newest: { readonly id: string; readonly key: Uint8Array };
  readonly ids: readonly string[];
  find(id: string): Uint8Array | undefined;
}

/** Where the keys come from. It is read again where a key is met that is not known yet. */
export interface KeySource {
  read(): KeyRing;
}

const KEY_ID = /^[A-Za-z0-9._-]{1,40}$/;

/** Reads keys: one a line, `<id> <32 bytes in base64>`, the newest first. Empty lines and `#` lines do not count. */
export function parseKeyRing(text: string): KeyRing {
  const keys = new Map<string, Uint8Array>();
  const lines = text.split('\n').map((line) => line.trim());
  for (const line of lines.filter((each) => each !== '' && !each.startsWith('#'))) {
    const [id = '', encoded = '', ...rest] = line.split(/\s+/);
    const key = Buffer.from(encoded, 'base64');
    if (!KEY_ID.test(id) || rest.length > 0 || key.length !== SEALING_KEY_BYTES)
      throw new SealError(
        `each line is an id and ${SEALING_KEY_BYTES} bytes in base64, the newest key first`,
      );
    if (keys.has(id)) throw new SealError(`the key ${id} is there twice`);
    keys.set(id, key);
  }
  const [first] = keys;
  if (!first) throw new SealError('there is no key');
  return { newest: { id: first[0], key: first[1] }, ids: [...keys.keys()], find: (id) => keys.get(id) };
}

/** A line of a key file. */
export function newKeyLine(id: string): string {
  return `${id} ${randomBytes(SEALING_KEY_BYTES).toString('base64')}`;
}
