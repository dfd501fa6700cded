/** What a side says it can pay or be paid with, and what that comes to for one rail. */
import type { AssetCode } from '../money';
import type { PayoutSchedule, RailName } from '../settlement';
import { BANK_REGION, railsOfMethod, rowOf, type MethodName } from './methods';

/** One entry of `supported_methods` or `accepted_methods`. An absent list leaves the matter open. */
export interface DeclaredMethod {
  readonly type: MethodName;
  /** x402. */
  readonly facilitators?: readonly string[];
  /** ISO 4217 codes; for crypto the token's symbol. */
  readonly currencies?: readonly string[];
  /** Card schemes, bank networks or chains. */
  readonly networks?: readonly string[];
  /** Bank transfers: ISO 3166-1 alpha-2. */
  readonly regions?: readonly string[];
  readonly tokenization_provider?: string;
  readonly processor?: string;
}

export interface PaymentCapabilities {
  readonly methods: readonly DeclaredMethod[];
  readonly preferredMethod?: MethodName;
  /** A scout's. */
  readonly defaultCurrency?: AssetCode;
  /** A beacon's: there is no foreign exchange, so it sells in this one only. */
  readonly settlementCurrency?: AssetCode;
  readonly payoutSchedule?: PayoutSchedule;
}

/** Whether the entry speaks of this rail. */
export function coversRail(entry: DeclaredMethod, rail: RailName): boolean {
  if (!railsOfMethod(entry.type).includes(rail)) return false;
  const { network, currency } = rowOf(rail);
  if (entry.type === 'bank_transfer') {
    return admits(entry.regions, BANK_REGION) && admits(entry.networks, network ?? rail);
  }
  return entry.type !== 'crypto' || currency === undefined || admits(entry.currencies, currency);
}

/** Whether the entry takes this asset over this rail. */
export function takes(entry: DeclaredMethod, rail: RailName, asset: AssetCode): boolean {
  if (!coversRail(entry, rail)) return false;
  // A token that settles the asset at par is named by its symbol.
  return (
    entry.type === 'crypto' || admits(entry.currencies, asset) || entry.currencies?.includes('USDC') === true
  );
}

/** Whether `preferred` is among the methods. */
export function isAmong(preferred: MethodName, methods: readonly DeclaredMethod[]): boolean {
  return methods.some(
    (entry) => entry.type === preferred || railsOfMethod(preferred).some((rail) => coversRail(entry, rail)),
  );
}

/** Names of schemes and networks are compared without regard to case. */
export function admits(list: readonly string[] | undefined, wanted: string): boolean {
  return list === undefined || list.some((name) => name.toLowerCase() === wanted.toLowerCase());
}
