/** What is given back when a reversed settlement comes again (X7): less than was taken where the rail keeps its fee. */
import type { Sources, Waterfall } from '../ledger/postings';

export interface GivenBack {
  readonly sources: Sources;
  readonly covered: Waterfall;
}

/**
 * Shares `amountMinor` out over what the reversal and the waterfall took: first the debt that is still open, then last
 * taken first: AURA's capital, the default fund, the debtor's balance and margin, and the deal itself. What is missing
 * in the end, such as the rail's fee, stays with whoever was to get back last.
 */
export function giveBack(amountMinor: bigint, taken: GivenBack): GivenBack {
  let left = amountMinor;
  const upTo = (minor: bigint): bigint => {
    const given = minor < left ? minor : left;
    left -= given;
    return given;
  };
  const recoverableMinor = upTo(taken.sources.recoverableMinor);
  const capitalMinor = upTo(taken.covered.capitalMinor);
  const defaultFundMinor = upTo(taken.covered.defaultFundMinor);
  const collateralMinor = upTo(taken.covered.collateralMinor);
  const marginMinor = upTo(taken.covered.marginMinor);
  const fromBalance = upTo(taken.sources.collateralMinor);
  const feesDeferredMinor = upTo(taken.sources.feesDeferredMinor);
  const entitlementMinor = upTo(taken.sources.entitlementMinor);
  return {
    // More than was taken is the bearer's.
    sources: { recoverableMinor, collateralMinor: fromBalance + left, feesDeferredMinor, entitlementMinor },
    covered: { capitalMinor, defaultFundMinor, collateralMinor, marginMinor },
  };
}
