import { ACCOUNT_KINDS, DEAL_ACCOUNT_KINDS, NON_NEGATIVE_KINDS } from '../../domain/ledger/accounts';
import * as books from '../../domain/ledger/postings';
import type { DealPosting, Entry } from '../../domain/ledger/postings';

const USD = { asset: 'USD' };
const DEAL: DealPosting = {
  transactionId: 'txn_1',
  buyer: 'prn_b',
  seller: 'prn_s',
  asset: 'USD',
  totalMinor: 10_000n,
  feeMinor: 100n,
  buyerMarginMinor: 0n,
  sellerMarginMinor: 225n,
};

/** An entry as a bookkeeper reads it. */
const read = ({ postings }: Entry) =>
  postings.map(({ account, side, amountMinor }) => `${side} ${account.owner} ${account.kind} ${amountMinor}`);

describe('the chart of accounts', () => {
  it('has the design’s kinds on their sides', () => {
    const on = (side: string) =>
      Object.entries(ACCOUNT_KINDS)
        .filter(([, { normal }]) => normal === side)
        .map(([kind]) => kind)
        .sort();
    expect(on('debit')).toEqual(['cash', 'obligation', 'rail_fees', 'recoverable', 'unreconciled']);
    expect(on('credit')).toEqual(
      'capital collateral default_fund entitlement fees_deferred fees_earned margin netting par payout_pending refund_due suspense'.split(
        ' ',
      ),
    );
    expect([...NON_NEGATIVE_KINDS].sort()).toEqual(['collateral', 'margin']);
    expect([...DEAL_ACCOUNT_KINDS].sort()).toEqual([
      'entitlement',
      'fees_deferred',
      'obligation',
      'refund_due',
    ]);
  });
});

describe('the postings of 100.00 with a fee of 1.00', () => {
  const receipt = { ...USD, amountMinor: 10_000n, rail: 'rtp', receiptId: 'r1', transactionId: 'txn_1' };
  const payout = { ...USD, amountMinor: 9_675n, payoutId: 'pay_1', principalId: 'prn_s' };
  it.each<[string, Entry, string[]]>([
    [
      'a deposit proved',
      books.depositProved({
        ...USD,
        amountMinor: 10_000n,
        depositId: 'dep_1',
        principalId: 'prn_b',
        rail: 'rtp',
      }),
      ['debit rail:rtp unreconciled 10000', 'credit prn_b collateral 10000'],
    ],
    [
      'a statement line with a rail fee',
      books.statementLine({
        ...USD,
        amountMinor: 10_000n,
        lineId: 'l1',
        transactionId: 'txn_1',
        rail: 'rtp',
        direction: 'credit',
        feeMinor: 290n,
      }),
      ['debit rail:rtp cash 9710', 'debit rail:rtp rail_fees 290', 'credit rail:rtp unreconciled 10000'],
    ],
    [
      'an outgoing statement line',
      books.statementLine({
        ...USD,
        amountMinor: 9_900n,
        lineId: 'l2',
        transactionId: null,
        rail: 'rtp',
        direction: 'debit',
        feeMinor: 0n,
      }),
      ['debit rail:rtp unreconciled 9900', 'credit rail:rtp cash 9900'],
    ],
    [
      'an outgoing statement line with a rail fee',
      books.statementLine({
        ...USD,
        amountMinor: 9_900n,
        lineId: 'l3',
        transactionId: null,
        rail: 'rtp',
        direction: 'debit',
        feeMinor: 25n,
      }),
      ['debit rail:rtp unreconciled 9900', 'debit rail:rtp rail_fees 25', 'credit rail:rtp cash 9925'],
    ],
    [
      'an unknown receipt',
      books.unknownReceipt(receipt),
      ['debit rail:rtp unreconciled 10000', 'credit rail:rtp suspense 10000'],
    ],
    [
      'a receipt sent back',
      books.receiptSentBack(receipt),
      ['debit rail:rtp suspense 10000', 'credit rail:rtp unreconciled 10000'],
    ],
    [
      'T19, novation and margin',
      books.novation(DEAL),
      [
        'debit prn_b obligation 10000',
        'credit prn_s entitlement 9900',
        'credit aura fees_deferred 100',
        'debit prn_s collateral 225',
        'credit prn_s margin 225',
      ],
    ],
    [
      'X1 or X4, novation taken back',
      books.novationUnwound(DEAL),
      [
        'debit prn_s entitlement 9900',
        'debit aura fees_deferred 100',
        'credit prn_b obligation 10000',
        'debit prn_s margin 225',
        'credit prn_s collateral 225',
      ],
    ],
    [
      'T21, settlement proved',
      books.settlementProved({ ...DEAL, rail: 'rtp' }),
      ['debit rail:rtp unreconciled 10000', 'credit prn_b obligation 10000'],
    ],
    [
      'release with a reserve',
      books.release({
        ...DEAL,
        entitlementMinor: DEAL.totalMinor - DEAL.feeMinor,
        feesDeferredMinor: DEAL.feeMinor,
        reserveMinor: 225n,
      }),
      [
        'debit prn_s entitlement 9900',
        'debit aura fees_deferred 100',
        'credit prn_s collateral 9675',
        'credit prn_s margin 225',
        'credit aura fees_earned 100',
      ],
    ],
    [
      'margin released',
      books.marginReleased({
        ...USD,
        amountMinor: 25n,
        transactionId: 'txn_1',
        principalId: 'prn_s',
        step: 'seller:1',
      }),
      ['debit prn_s margin 25', 'credit prn_s collateral 25'],
    ],
    [
      'a payout sent',
      books.payoutSent(payout),
      ['debit prn_s collateral 9675', 'credit prn_s payout_pending 9675'],
    ],
    [
      'a payout rejected',
      books.payoutRejected(payout),
      ['debit prn_s payout_pending 9675', 'credit prn_s collateral 9675'],
    ],
    [
      'a payout proved',
      books.payoutProved({ ...payout, rail: 'rtp' }),
      ['debit prn_s payout_pending 9675', 'credit rail:rtp unreconciled 9675'],
    ],
    [
      'opening capital',
      books.capitalContributed({ ...USD, amountMinor: 5n, rail: 'rtp' }),
      ['debit rail:rtp cash 5', 'credit aura capital 5'],
    ],
    [
      'a sandbox grant',
      books.sandboxGrant({ ...USD, amountMinor: 5n, principalId: 'prn_b' }),
      ['debit aura capital 5', 'credit prn_b collateral 5'],
    ],
  ])('of %s are the design’s', (_, entry, lines) => {
    expect(read(entry)).toEqual(lines);
    expect(books.isBalanced(entry.postings)).toBe(true);
  });

  it('carry the deal’s id, and a key that is unique for the event and its subject', () => {
    const release = books.release({
      ...DEAL,
      entitlementMinor: DEAL.totalMinor - DEAL.feeMinor,
      feesDeferredMinor: DEAL.feeMinor,
      reserveMinor: 0n,
    });
    expect(release).toMatchObject({ event: 'release', key: 'release:txn_1', transactionId: 'txn_1' });
    const step = (principalId: string, name: string) =>
      books.marginReleased({ ...USD, amountMinor: 1n, transactionId: 'txn_1', principalId, step: name }).key;
    expect(
      new Set([step('prn_s', 'seller:1'), step('prn_s', 'seller:2'), step('prn_b', 'buyer:1')]).size,
    ).toBe(3);
    expect(books.payoutSent(payout).transactionId).toBeNull();
  });
});
