/** Money that comes from and goes to principals outside of deals, and AURA's own. */
import { AURA, railOwner } from './accounts';
import { atRail, credit, debit, entry, of, type Amount, type AtRail, type Entry } from './entry';

/** AURA's own money at a rail when the books open. */
export function capitalContributed(input: Amount & { rail: string }): Entry {
  const { rail, asset, amountMinor } = input;
  return entry('capital_contributed', `${rail}:${asset}`, null, [
    debit(of(railOwner(rail), 'cash', asset), amountMinor),
    credit(of(AURA, 'capital', asset), amountMinor),
  ]);
}

/** Play money for a sandbox principal, out of AURA's capital. */
export function sandboxGrant(input: Amount & { principalId: string }): Entry {
  const { principalId, asset, amountMinor } = input;
  return entry('sandbox_grant', `${principalId}:${asset}`, null, [
    debit(of(AURA, 'capital', asset), amountMinor),
    credit(of(principalId, 'collateral', asset), amountMinor),
  ]);
}

/** Into the default fund: by AURA out of its capital, or by a principal out of its free balance. */
export function defaultFundContribution(input: Amount & { contributionId: string; from: string }): Entry {
  const { contributionId, from, asset, amountMinor } = input;
  return entry('default_fund_contribution', contributionId, null, [
    debit(of(from, from === AURA ? 'capital' : 'collateral', asset), amountMinor),
    credit(of(AURA, 'default_fund', asset), amountMinor),
  ]);
}

interface DepositPosting extends Amount, AtRail {
  readonly depositId: string;
  readonly principalId: string;
}

export function depositProved(input: DepositPosting): Entry {
  const { depositId, principalId, asset, amountMinor } = input;
  return entry('deposit_proved', depositId, null, [
    ...atRail('debit', input, input),
    credit(of(principalId, 'collateral', asset), amountMinor),
  ]);
}

/** The rail took a deposit back, with its fee: from the free balance, and what is not there is owed. */
export function depositReturned(
  input: DepositPosting & { noticeId: string; feeMinor: bigint; collateralMinor: bigint },
): Entry {
  const { noticeId, principalId, asset, amountMinor, feeMinor, collateralMinor } = input;
  const lostMinor = amountMinor + feeMinor;
  return entry('deposit_returned', noticeId, null, [
    debit(of(principalId, 'collateral', asset), collateralMinor),
    debit(of(principalId, 'recoverable', asset), lostMinor - collateralMinor),
    ...atRail('credit', input, { asset, amountMinor: lostMinor }),
  ]);
}

interface PayoutPosting extends Amount {
  readonly payoutId: string;
  readonly principalId: string;
}

export function payoutSent({ payoutId, principalId, asset, amountMinor }: PayoutPosting): Entry {
  return entry('payout_sent', payoutId, null, [
    debit(of(principalId, 'collateral', asset), amountMinor),
    credit(of(principalId, 'payout_pending', asset), amountMinor),
  ]);
}

export function payoutRejected({ payoutId, principalId, asset, amountMinor }: PayoutPosting): Entry {
  return entry('payout_rejected', payoutId, null, [
    debit(of(principalId, 'payout_pending', asset), amountMinor),
    credit(of(principalId, 'collateral', asset), amountMinor),
  ]);
}

export function payoutProved(input: PayoutPosting & AtRail): Entry {
  const { payoutId, principalId, asset, amountMinor } = input;
  return entry('payout_proved', payoutId, null, [
    debit(of(principalId, 'payout_pending', asset), amountMinor),
    ...atRail('credit', input, input),
  ]);
}

/** A payout that was proved came back: the money is the principal's free balance again. */
export function payoutReturned(input: PayoutPosting & AtRail & { noticeId: string }): Entry {
  const { noticeId, principalId, asset, amountMinor } = input;
  return entry('payout_returned', noticeId, null, [
    ...atRail('debit', input, input),
    credit(of(principalId, 'collateral', asset), amountMinor),
  ]);
}
