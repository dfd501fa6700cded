/** What the processor takes, moves and leaves of an amount. Minor units. */
import { bpsOf } from '../../../domain/money';
import { RAIL_TERMS } from '../../../domain/rail-terms';
import type { Capture } from '../../card/wire';
import type { CardMisbehaviourKind } from './misbehaviour';

const WRONG_BY_MINOR = 100n;

/** The fixed part and the percentage, never more than there is to take it from. */
export function feeOf(amountMinor: bigint): bigint {
  const { fixedMinor, bps } = RAIL_TERMS.card.cost;
  const feeMinor = bpsOf(amountMinor, bps) + fixedMinor;
  return feeMinor < amountMinor ? feeMinor : amountMinor;
}

/** What is really moved of what was asked for. */
export function deviating(askedMinor: bigint, kind: CardMisbehaviourKind | undefined): bigint {
  if (kind === 'partial_capture') return askedMinor > 1n ? askedMinor / 2n : askedMinor;
  if (kind !== 'wrong_amount') return askedMinor;
  return askedMinor > WRONG_BY_MINOR ? askedMinor - WRONG_BY_MINOR : askedMinor;
}

/** What neither a refund nor a chargeback has taken back of a capture. */
export function leftMinor({ amount_minor, refunded_minor, charged_back_minor }: Capture): bigint {
  return BigInt(amount_minor) - BigInt(refunded_minor) - BigInt(charged_back_minor);
}
