/** Methods of payment by the names of both protocol versions, and the rail that each goes over. */
import { RAILS, type RailName } from '../settlement';

/** Protocol 1.0.0. */
export const PROTOCOL_METHODS = ['x402', 'card', 'bank_transfer', 'crypto'] as const;
export type ProtocolMethod = (typeof PROTOCOL_METHODS)[number];

/** Protocol 2.2 names rails; both kinds of names are understood everywhere. */
export type MethodName = ProtocolMethod | RailName;
export const METHOD_NAMES: readonly [MethodName, ...MethodName[]] = [
  ...PROTOCOL_METHODS,
  ...RAILS.filter((rail) => rail !== 'x402' && rail !== 'card'),
];

export interface MethodRow {
  readonly method: ProtocolMethod;
  readonly rail: RailName;
  /** The network of a bank transfer, or the currency of a crypto payment, that leads to this rail. */
  readonly network?: string;
  readonly currency?: string;
}

export const METHOD_TABLE: readonly MethodRow[] = [
  { method: 'x402', rail: 'x402' },
  { method: 'card', rail: 'card' },
  { method: 'bank_transfer', network: 'ach', rail: 'ach' },
  { method: 'bank_transfer', network: 'rtp', rail: 'rtp' },
  { method: 'bank_transfer', network: 'fednow', rail: 'fednow' },
  { method: 'crypto', currency: 'USDC', rail: 'stablecoin' },
];

/** Where the banks of these rails are. */
export const BANK_REGION = 'US';

/** The rails that a name of either version leads to. */
export function railsOfMethod(name: MethodName): readonly RailName[] {
  return METHOD_TABLE.filter(({ method, rail }) => method === name || rail === name).map(({ rail }) => rail);
}

export function methodOfRail(rail: RailName): ProtocolMethod {
  return rowOf(rail).method;
}

export function rowOf(rail: RailName): MethodRow {
  const row = METHOD_TABLE.find((candidate) => candidate.rail === rail);
  if (!row) throw new Error(`no method goes over ${rail}`);
  return row;
}
