/** Identifiers: `<prefix>_<ULID>`. The prefix names the kind, the ULID sorts by creation time. */
import { monotonicFactory } from 'ulid';

export const ID_PREFIXES = {
  principal: 'prn',
  scout: 'sct',
  beacon: 'bcn',
  operator: 'opr',
  session: 'ses',
  request: 'req',
  offer: 'ofr',
  transaction: 'txn',
  instruction: 'ins',
  proof: 'prf',
  dispute: 'dsp',
  entry: 'ent',
  reconciliation: 'rcn',
  break: 'brk',
  event: 'evt',
  policy: 'pol',
  paymentAccount: 'acc',
  mandate: 'mnd',
  payout: 'pay',
  deposit: 'dep',
  key: 'key',
  apiKey: 'apk',
  audit: 'aud',
  refund: 'rfd',
  notice: 'ntc',
  recovery: 'rcv',
  exception: 'exc',
  decision: 'dec',
  cycle: 'cyc',
  netPayment: 'npy',
  webhookDelivery: 'whd',
} as const;

export type IdKind = keyof typeof ID_PREFIXES;

const nextUlid = monotonicFactory();

/** A new id, unique and increasing within this process. */
export function newId(kind: IdKind): string {
  return `${ID_PREFIXES[kind]}_${nextUlid()}`;
}

/** Whether `value` is a well-formed id of that kind. */
export function isId(kind: IdKind, value: unknown): value is string {
  return typeof value === 'string' && PATTERNS[kind].test(value);
}

/** A pattern for schemas: Crockford's alphabet, 26 characters, at most 2^48 ms (ULID specification). */
export function idPattern(kind: IdKind): RegExp {
  return new RegExp(`^${ID_PREFIXES[kind]}_[0-7][0-9A-HJKMNP-TV-Z]{25}$`);
}

const PATTERNS = Object.fromEntries(
  (Object.keys(ID_PREFIXES) as IdKind[]).map((kind) => [kind, idPattern(kind)]),
) as Record<IdKind, RegExp>;
