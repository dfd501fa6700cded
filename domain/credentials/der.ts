/** As much of DER (X.690) as signatures over certificates and lists need: exact lengths, no trailing bytes. */

export class DerError extends Error {
  override name = 'DerError';
}

export const DER = { sequence: 0x30, oid: 0x06, bitString: 0x03 } as const;

export interface DerValue {
  readonly tag: number;
  /** The whole value with tag and length. */
  readonly bytes: Uint8Array;
  readonly content: Uint8Array;
}

/** Reads one value that fills `bytes` completely. */
export function readExactly(bytes: Uint8Array): DerValue {
  const { value, end } = readAt(bytes, 0);
  if (end !== bytes.length) throw new DerError('bytes follow the value');
  return value;
}

export function children({ tag, content }: DerValue): DerValue[] {
  if (tag !== DER.sequence) throw new DerError('not a sequence');
  const values: DerValue[] = [];
  for (let at = 0; at < content.length;) {
    const { value, end } = readAt(content, at);
    values.push(value);
    at = end;
  }
  return values;
}

function readAt(bytes: Uint8Array, at: number): { value: DerValue; end: number } {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new DerError('cut off');
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw new DerError('not a definite length');
    length = 0;
    for (let i = 0; i < count; i += 1) length = length * 256 + (bytes[start + i] ?? Infinity);
    start += count;
  }
  const end = start + length;
  if (!(end <= bytes.length)) throw new DerError('cut off');
  return { value: { tag, bytes: bytes.subarray(at, end), content: bytes.subarray(start, end) }, end };
}

export function oidOf({ tag, content }: DerValue): string {
  if (tag !== DER.oid || content.length === 0) throw new DerError('not an object identifier');
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER / 128) throw new DerError('an arc is too large');
    if (byte & 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [head = 0, ...rest] = arcs;
  const root = Math.min(2, Math.floor(head / 40));
  return [root, head - 40 * root, ...rest].join('.');
}
