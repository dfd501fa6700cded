/** A bounded copy of untrusted input as plain JSON, so that nothing after it can be surprised, slowed or mutated. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export class SnapshotError extends Error {
  override name = 'SnapshotError';
  constructor(
    readonly kind: 'malformed' | 'too_large',
    message: string,
  ) {
    super(message);
  }
}

export interface SnapshotBounds {
  readonly depth: number;
  readonly nodes: number;
  /** UTF-16 units of all strings and keys together. */
  readonly characters: number;
}

export const CREDENTIAL_BOUNDS: SnapshotBounds = { depth: 24, nodes: 5_000, characters: 200_000 };

/** Copies `input`, or throws a SnapshotError. A string is read as JSON text first. */
export function snapshot(input: unknown, bounds: SnapshotBounds = CREDENTIAL_BOUNDS): Json {
  let nodes = 0;
  let characters = 0;
  const count = (text: string): string => {
    characters += text.length;
    if (characters > bounds.characters) throw new SnapshotError('too_large', 'the credential is too long');
    return text;
  };
  const copy = (value: unknown, depth: number): Json => {
    nodes += 1;
    if (nodes > bounds.nodes || depth > bounds.depth) {
      throw new SnapshotError('too_large', 'the credential has too many parts');
    }
    if (value === null || typeof value === 'boolean') return value;
    if (typeof value === 'string') return count(value);
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    if (Array.isArray(value)) return value.map((item) => copy(item, depth + 1));
    if (typeof value !== 'object') throw new SnapshotError('malformed', 'not JSON');
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    return Object.fromEntries(entries.map(([key, item]) => [count(key), copy(item, depth + 1)]));
  };
  return copy(typeof input === 'string' ? parse(input, bounds) : input, 0);
}

function parse(text: string, bounds: SnapshotBounds): unknown {
  if (text.length > 2 * bounds.characters) throw new SnapshotError('too_large', 'the credential is too long');
  try {
    return JSON.parse(text);
  } catch {
    throw new SnapshotError('malformed', 'not JSON');
  }
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as a list: JSON-LD writes one value bare and several as an array. */
export function listOf(value: Json | undefined): Json[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** What was sent, shortened for an error message. */
export function shown(value: Json | undefined): string {
  return (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')).slice(0, 120);
}
