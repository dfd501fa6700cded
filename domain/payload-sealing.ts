/**
 * Payloads of workflows, sealed on their way to Temporal. What goes to a rail, and comes from one, is sealed under that
 * rail's own key, which follows from AURA's: AURA reads all of it, a rail only what is its own. What was never sealed
 * passes as it is. The form is part of the rail port (docs/rail-port.md).
 */
import { decrypt, encrypt, keyFor, SealError, type KeyRing, type KeySource } from './sealing';

export const SEALED_ENCODING = 'binary/encrypted';
/** Metadata that says which key sealed a payload, and which rail it is for. */
export const KEY_FIELD = 'aura-key';
export const AUDIENCE_FIELD = 'aura-audience';
const CONTEXT = 'aura.payload.v1';

/** As Temporal has it. */
export interface TemporalPayload {
  metadata?: Record<string, Uint8Array> | null;
  data?: Uint8Array | null;
}

export const railPurpose = (rail: string): string => `aura.payload.v1:rail:${rail}`;

/** The keys of one rail, by the same names, as its adapter is given them. */
export function railKeyLines(ring: KeyRing, rail: string): string {
  return ring.ids
    .map((id) => `${id} ${keyFor(ring.find(id) as Uint8Array, railPurpose(rail)).toString('base64')}\n`)
    .join('');
}

export interface PayloadSealer {
  seal(payload: TemporalPayload): TemporalPayload;
  open(payload: TemporalPayload): TemporalPayload;
}

/** `rail`: the sealer of a rail's adapter, whose keys are that rail's own. */
export function createPayloadSealer(source: KeySource, rail?: string): PayloadSealer {
  let ring = source.read();
  const derived = new Map<string, Uint8Array>();
  const keyNamed = (id: string): Uint8Array => {
    if (!ring.find(id)) ring = source.read();
    const key = ring.find(id);
    if (!key)
      throw new SealError(`a payload was sealed under the key ${id}, which this process was not given`);
    return key;
  };
  const keyOf = (id: string, audience: string): Uint8Array => {
    const key = keyNamed(id);
    if (audience === '' || audience === rail) return key;
    if (rail !== undefined) throw new SealError(`a payload is for ${audience}, and this is ${rail}`);
    const name = `${id} ${audience}`;
    const known = derived.get(name) ?? keyFor(key, railPurpose(audience));
    derived.set(name, known);
    return known;
  };
  return {
    seal(payload) {
      const { id } = ring.newest;
      const audience = rail ?? field(payload, AUDIENCE_FIELD);
      const plain = Buffer.from(JSON.stringify(toJson(payload)));
      return {
        metadata: {
          encoding: Buffer.from(SEALED_ENCODING),
          [KEY_FIELD]: Buffer.from(id),
          ...(audience !== '' && { [AUDIENCE_FIELD]: Buffer.from(audience) }),
        },
        data: encrypt(keyOf(id, audience), CONTEXT, plain),
      };
    },
    open(payload) {
      if (field(payload, 'encoding') !== SEALED_ENCODING) return payload;
      const key = keyOf(field(payload, KEY_FIELD), field(payload, AUDIENCE_FIELD));
      const plain = decrypt(key, CONTEXT, payload.data ?? new Uint8Array());
      return fromJson(JSON.parse(plain.toString()) as PayloadJson);
    },
  };
}

/** As the Temporal UI sends payloads: bytes as base64. */
export interface PayloadJson {
  metadata?: Record<string, string>;
  data?: string;
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

export function toJson({ metadata, data }: TemporalPayload): PayloadJson {
  const fields = Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)]);
  return {
    metadata: Object.fromEntries(fields) as Record<string, string>,
    data: base64(data ?? new Uint8Array()),
  };
}

export function fromJson({ metadata = {}, data = '' }: PayloadJson): TemporalPayload {
  const fields = Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')]);
  return {
    metadata: Object.fromEntries(fields) as Record<string, Uint8Array>,
    data: Buffer.from(data, 'base64'),
  };
}

const field = ({ metadata }: TemporalPayload, name: string): string =>
  Buffer.from(metadata?.[name] ?? new Uint8Array()).toString();

/** Every payload in a history as JSON, opened where it was sealed. */
export function openHistory(value: unknown, sealer: PayloadSealer): unknown {
  if (Array.isArray(value)) return value.map((item) => openHistory(item, sealer));
  if (typeof value !== 'object' || value === null) return value;
  const { metadata, data } = value as PayloadJson;
  if (typeof metadata === 'object' && typeof metadata.encoding === 'string')
    return toJson(sealer.open(fromJson({ metadata, data })));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, openHistory(item, sealer)]));
}
