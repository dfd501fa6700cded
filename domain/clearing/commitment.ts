/** The commitment: what exactly was agreed, hashed so that instruction and proof can be tied to it. */
import { canonicalHash } from '../canonical';
import type { DealAmounts } from '../market/offer';

export interface CommitmentInput {
  transactionId: string;
  sessionId: string;
  offerId: string;
  /** SHA-256 of the bytes the beacon signed. */
  offerHash: string;
  scoutId: string;
  beaconId: string;
  buyerPrincipalId: string;
  sellerPrincipalId: string;
  quantity: number;
  amounts: DealAmounts;
  feeMinor: bigint;
  /** The rails it may be settled by, in order. */
  rails: readonly string[];
  /** SHA-256 of the canonical consent; its content stays out of the commitment. */
  consentHash: string;
  profile: { id: string; version: number };
}

/** SHA-256 (hex) of the canonical commitment. */
export function commitmentHash(input: CommitmentInput): string {
  return canonicalHash(commitmentDocument(input));
}

/** The commitment as it is hashed. */
export function commitmentDocument(input: CommitmentInput) {
  const { amounts, feeMinor, ...rest } = input;
  return {
    type: 'aura.commitment.v1',
    ...rest,
    amounts: {
      asset: amounts.asset,
      subtotal_minor: amounts.subtotalMinor.toString(),
      shipping_minor: amounts.shippingMinor.toString(),
      tax_minor: amounts.taxMinor.toString(),
      total_minor: amounts.totalMinor.toString(),
      fee_minor: feeMinor.toString(),
      shipping_method: amounts.shippingMethod,
    },
  };
}
