/** A sale and all that else can be posted, by the very functions that the clearinghouse posts with. */
import {
  capitalContributed,
  defaultFundContribution,
  depositProved,
  depositReturned,
  marginReleased,
  netInProved,
  netInReturned,
  netOutProved,
  netOutToBalance,
  nettingClosed,
  nettingUndone,
  novation,
  novationUnwound,
  payoutProved,
  payoutRejected,
  payoutReturned,
  payoutSent,
  penalty,
  railFeePassedOn,
  receiptSentBack,
  refundGranted,
  refundProved,
  refundToBalance,
  refundWithdrawn,
  release,
  reversal,
  reversalUndone,
  sandboxGrant,
  settlementProved,
  statementLine,
  unknownReceipt,
  unmatchedLine,
  waterfall,
  type Entry,
} from '../../domain/ledger/postings';
import { bpsOf, formatMoney, parseMoney, type AssetCode } from '../../domain/money';
import { costBps, PROFILES } from '../../domain/profiles';
import { RAIL_TERMS } from '../../domain/rail-terms';

export const asset = 'USD';
export const rail = 'rtp';
const usd = (decimal: string) => parseMoney(decimal, asset).amountMinor;
export const show = (amountMinor: bigint) => formatMoney({ amountMinor, asset });
/** Another asset than the books' is named. */
export const shown = (amountMinor: bigint, of: AssetCode) =>
  of === asset ? show(amountMinor) : `${formatMoney({ amountMinor, asset: of })} (token)`;

export const totalMinor = usd('100.00');
export const deal = {
  transactionId: 'deal',
  buyer: 'buyer',
  seller: 'seller',
  asset,
  totalMinor,
  feeMinor: bpsOf(totalMinor, costBps(PROFILES.retail, 'clear', 'clearing')),
  buyerMarginMinor: 0n,
  sellerMarginMinor: usd('6.00'),
};
const payout = {
  payoutId: 'payout',
  principalId: deal.seller,
  asset,
  amountMinor: totalMinor - deal.feeMinor,
};

function bankLine(id: string, direction: 'credit' | 'debit', amountMinor: bigint, feeMinor = 0n): Entry {
  return statementLine({ lineId: id, transactionId: null, rail, asset, amountMinor, direction, feeMinor });
}

export type Row = readonly [when: string, entry: Entry];

export const SALE: readonly Row[] = [
  ['The books open', capitalContributed({ rail, asset, amountMinor: usd('1000.00') })],
  [
    'The seller pays collateral in',
    depositProved({ depositId: 'd', principalId: deal.seller, rail, asset, amountMinor: usd('20.00') }),
  ],
  ['… and the statement shows it', bankLine('1', 'credit', usd('20.00'))],
  ['T19, novation and margin', novation(deal)],
  ["T21, the rail's proof holds", settlementProved({ ...deal, rail })],
  ['T22, the statement shows it', bankLine('2', 'credit', totalMinor)],
  [
    'T8, delivered: release',
    release({
      ...deal,
      entitlementMinor: deal.totalMinor - deal.feeMinor,
      feesDeferredMinor: deal.feeMinor,
      reserveMinor: 0n,
    }),
  ],
  ['The payout is sent', payoutSent(payout)],
  ["… the rail's proof holds", payoutProved({ ...payout, rail })],
  ['… and the statement shows it', bankLine('3', 'debit', payout.amountMinor)],
  [
    'The last window ends',
    marginReleased({
      transactionId: deal.transactionId,
      principalId: deal.seller,
      step: 'last',
      asset,
      amountMinor: deal.sellerMarginMinor,
    }),
  ],
];

const receipt = { receiptId: 'deal', transactionId: 'deal', rail, asset, amountMinor: usd('90.00') };
export const OTHERWISE: readonly Row[] = [
  ['X1 or X4 after T19: no deal after all', novationUnwound(deal)],
  ['The rail kept a fee of 2.90 of what came in', bankLine('4', 'credit', totalMinor, usd('2.90'))],
  ['… which is the seller’s to bear', railFeePassedOn({ ...deal, rail, amountMinor: usd('2.90') })],
  ['It moved 90.00 instead of 100.00', unknownReceipt(receipt)],
  ['… which was sent back', receiptSentBack(receipt)],
  [
    'An operator accepts a line that nothing explains',
    unmatchedLine({ lineId: '5', rail, asset, amountMinor: usd('12.00'), direction: 'credit' }),
  ],
  ['The payout was rejected', payoutRejected(payout)],
  ['… or came back after it was proved', payoutReturned({ ...payout, rail, noticeId: 'notice' })],
  [
    'The rail took a deposit back, with a fee of 4.00; 15.00 are left of it',
    depositReturned({
      depositId: 'd',
      noticeId: 'notice',
      principalId: deal.seller,
      rail,
      asset,
      amountMinor: usd('20.00'),
      feeMinor: usd('4.00'),
      collateralMinor: usd('15.00'),
    }),
  ],
  ['Play money in the sandbox', sandboxGrant({ principalId: 'buyer', asset, amountMinor: usd('100.00') })],
  [
    'AURA pays into the default fund',
    defaultFundContribution({ contributionId: 'c', from: 'aura', asset, amountMinor: usd('50.00') }),
  ],
  [
    '6.00 of the margin came out of the sale',
    release({
      ...deal,
      entitlementMinor: deal.totalMinor - deal.feeMinor,
      feesDeferredMinor: deal.feeMinor,
      reserveMinor: usd('6.00'),
    }),
  ],
  [
    'The seller cancels, with a penalty of 8.00',
    penalty({
      transactionId: deal.transactionId,
      canceller: deal.seller,
      counterparty: deal.buyer,
      asset,
      marginMinor: deal.sellerMarginMinor,
      collateralMinor: usd('2.00'),
    }),
  ],
];

const NOTHING = { entitlementMinor: 0n, feesDeferredMinor: 0n, collateralMinor: 0n, recoverableMinor: 0n };
const ofDeal = { transactionId: 'deal', buyer: deal.buyer, seller: deal.seller, bearer: deal.seller, asset };
const REFUND = { ...ofDeal, refundId: 'refund' };
/** All of the deal, while it still holds the money. */
const whole = {
  ...NOTHING,
  entitlementMinor: totalMinor - deal.feeMinor,
  feesDeferredMinor: deal.feeMinor,
};
const later = { ...NOTHING, collateralMinor: usd('30.00') };
export const REFUNDS: readonly Row[] = [
  ['All of it is refunded, before release', refundGranted({ ...REFUND, sources: whole })],
  ['30.00 are refunded, after release', refundGranted({ ...REFUND, sources: later })],
  ["… and the rail's proof holds", refundProved({ ...REFUND, rail, amountMinor: usd('30.00') })],
  ['… or no rail brings it to the buyer', refundToBalance({ ...REFUND, amountMinor: usd('30.00') })],
  ['… or the rail took the whole payment back first', refundWithdrawn({ ...REFUND, sources: later })],
];

/** A card payment charged back with a fee of 15.00, when the seller has 20.00 and 6.00 of margin left. */
const lost = { ...NOTHING, collateralMinor: usd('20.00'), recoverableMinor: usd('95.00') };
const covered = {
  marginMinor: deal.sellerMarginMinor,
  collateralMinor: usd('9.00'),
  defaultFundMinor: usd('50.00'),
  capitalMinor: usd('30.00'),
};
export const REVERSALS: readonly Row[] = [
  ['X5 before release', reversal({ ...ofDeal, rail: 'ach', noticeId: 'notice', sources: whole })],
  [
    'X5 after release: 20.00 are there, 95.00 are owed',
    reversal({ ...ofDeal, rail: 'card', noticeId: 'notice', sources: lost }),
  ],
  [
    'The waterfall, here in one step',
    waterfall({ ...ofDeal, recoveryId: 'recovery', step: 'default', debtor: deal.seller, covered }),
  ],
  [
    'X7: the money comes back',
    reversalUndone({
      ...ofDeal,
      rail: 'card',
      noticeId: 'later',
      sources: { ...lost, recoverableMinor: 0n },
      covered,
    }),
  ],
];

const netted = { ...deal, cycleId: 'cycle' };
const net = { cycleId: 'cycle', paymentId: 'payment', rail: 'ach', asset };
const netIn = { ...net, principalId: deal.buyer, amountMinor: totalMinor };
const netOut = { ...net, principalId: deal.seller, amountMinor: totalMinor - deal.feeMinor };
export const NETTING: readonly Row[] = [
  ['The cycle closes, for each deal', nettingClosed(netted)],
  ['A payer has paid', netInProved(netIn)],
  [
    '… and the rail takes it back while the cycle is open',
    netInReturned({ ...netIn, noticeId: 'notice', feeMinor: 0n, cycleOpen: true }),
  ],
  [
    '… or after its deals were settled',
    netInReturned({ ...netIn, noticeId: 'notice', feeMinor: 0n, cycleOpen: false }),
  ],
  ['A deal falls out', nettingUndone(netted)],
  ['A payee is paid', netOutProved(netOut)],
  ['… or no rail brings it to the payee', netOutToBalance(netOut)],
];

/** The same sale over a chain: the books stay in dollars, the rail moves a token with six decimals. */
export const onChain = { rail: 'stablecoin', settledAs: RAIL_TERMS.stablecoin.settles.USD };
export const STABLECOIN: readonly Row[] = [
  ["T21, the rail's proof holds", settlementProved({ ...deal, ...onChain })],
  ['The payout is proved', payoutProved({ ...payout, ...onChain })],
];
