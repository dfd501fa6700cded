/** What is signed: RFC 8785 canonical JSON with a type tag, so that a signature of one kind never fits another. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

/** Canonical bytes as text. Values JSON cannot carry exactly (bigint, undefined, NaN, functions) are an error. */
export function canonicalJson(value: unknown): string {
  assertExact(value, '$');
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('value has no canonical form');
  return text;
}

/** SHA-256 of the canonical form, lower-case hex. */
export function canonicalHash(value: unknown): string {
  return sha256Hex(canonicalJson(value));
}

export function sha256Hex(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function assertExact(value: unknown, path: string): void {
  if (value === null || typeof value === 'boolean') return;
  if (typeof value === 'string') return assertUnicode(value, path);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${path} is not a finite number`);
    return;
  }
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) assertExact(item, `${path}[${index}]`);
    return;
  }
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    for (const [key, item] of Object.entries(value)) {
      if (item === undefined) continue;
      assertUnicode(key, `a key of ${path}`);
      assertExact(item, `${path}.${key}`);
    }
    return;
  }
  throw new TypeError(`${path} cannot be signed: it is not plain JSON`);
}

/** RFC 8785, 3.2.2.2: half of a surrogate pair has no bytes in UTF-8. */
function assertUnicode(text: string, path: string): void {
  if (/\p{Surrogate}/u.test(text)) throw new TypeError(`${path} is not Unicode text`);
}
