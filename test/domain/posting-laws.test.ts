import fc from 'fast-check';
import { DEAL_ACCOUNT_KINDS, normalSide } from '../../domain/ledger/accounts';
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

/** Balances in each account's normal direction after some entries. */
function balances(entries: readonly Entry[]): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { account, side, amountMinor } of entries.flatMap(({ postings }) => postings)) {
    const name = `${account.owner} ${account.kind}`;
    const signed = side === normalSide(account.kind) ? amountMinor : -amountMinor;
    sums.set(name, (sums.get(name) ?? 0n) + signed);
  }
  return sums;
}
const left = (entries: readonly Entry[], kind: string) =>
  [...balances(entries)]
    .filter(([name]) => name.endsWith(` ${kind}`))
    .reduce((sum, [, minor]) => sum + minor, 0n);

const cents = fc.bigInt({ min: 1n, max: 10n ** 24n });
const share = fc.integer({ min: 0, max: 100 });
const part = (whole: bigint, percent: number) => (whole * BigInt(percent)) / 100n;
const aDeal = fc
  .tuple(cents, share, share, share, share)
  .map(([totalMinor, fee, buyerMargin, sellerMargin, reserve]) => {
    const feeMinor = part(totalMinor, fee);
    return {
      deal: {
        ...DEAL,
        totalMinor,
        feeMinor,
        buyerMarginMinor: part(totalMinor, buyerMargin),
        sellerMarginMinor: part(totalMinor, sellerMargin),
      },
      reserveMinor: part(totalMinor - feeMinor, reserve),
    };
  });

describe('every entry', () => {
  it('balances and posts positive amounts only, whatever the deal', () => {
    fc.assert(
      fc.property(
        aDeal,
        fc.constantFrom('credit' as const, 'debit' as const),
        share,
        ({ deal, reserveMinor }, direction, fee) => {
          const amount = { ...USD, amountMinor: deal.totalMinor };
          const entries = [
            books.novation(deal),
            books.novationUnwound(deal),
            books.settlementProved({ ...deal, rail: 'rtp' }),
            books.release({
              ...deal,
              entitlementMinor: deal.totalMinor - deal.feeMinor,
              feesDeferredMinor: deal.feeMinor,
              reserveMinor,
            }),
            books.statementLine({
              ...amount,
              lineId: 'l',
              transactionId: null,
              rail: 'rtp',
              direction,
              feeMinor: part(amount.amountMinor, fee),
            }),
          ];
          for (const { postings } of entries) {
            expect(books.isBalanced(postings)).toBe(true);
            expect(postings.every(({ amountMinor }) => amountMinor > 0n)).toBe(true);
          }
        },
      ),
    );
  });

  it('of a negative amount is refused', () => {
    expect(() => books.sandboxGrant({ ...USD, amountMinor: -1n, principalId: 'p' })).toThrow(
      books.LedgerError,
    );
    expect(() => books.novation({ ...DEAL, feeMinor: 10_001n })).toThrow(books.LedgerError);
    expect(() =>
      books.release({
        ...DEAL,
        entitlementMinor: DEAL.totalMinor - DEAL.feeMinor,
        feesDeferredMinor: DEAL.feeMinor,
        reserveMinor: 9_901n,
      }),
    ).toThrow(books.LedgerError);
  });

  it('is seen to be unbalanced, per asset', () => {
    const posting = (asset: string, side: 'debit' | 'credit', amountMinor: bigint) => ({
      account: { owner: 'aura', kind: 'capital' as const, asset },
      side,
      amountMinor,
    });
    expect(books.isBalanced([posting('USD', 'debit', 5n), posting('USD', 'credit', 4n)])).toBe(false);
    expect(books.isBalanced([posting('USD', 'debit', 5n), posting('EUR', 'credit', 5n)])).toBe(false);
    expect(
      books.isBalanced([
        posting('USD', 'debit', 5n),
        posting('USD', 'credit', 2n),
        posting('USD', 'credit', 3n),
      ]),
    ).toBe(true);
  });
});

describe('the whole life of a deal', () => {
  const life = (deal: DealPosting, reserveMinor: bigint) => [
    books.novation(deal),
    books.settlementProved({ ...deal, rail: 'rtp' }),
    books.statementLine({
      ...USD,
      amountMinor: deal.totalMinor,
      lineId: 'l',
      transactionId: 'txn_1',
      rail: 'rtp',
      direction: 'credit',
      feeMinor: 0n,
    }),
    books.release({
      ...deal,
      entitlementMinor: deal.totalMinor - deal.feeMinor,
      feesDeferredMinor: deal.feeMinor,
      reserveMinor,
    }),
  ];

  it('leaves nothing owed, the seller paid, the fee earned and the cash there', () => {
    fc.assert(
      fc.property(aDeal, ({ deal, reserveMinor }) => {
        const entries = life(deal, reserveMinor);
        for (const kind of [...DEAL_ACCOUNT_KINDS, 'unreconciled'])
          expect([kind, left(entries, kind)]).toEqual([kind, 0n]);
        expect(left(entries, 'cash')).toBe(deal.totalMinor);
        expect(left(entries, 'fees_earned')).toBe(deal.feeMinor);
        const sellerHas = left(entries, 'collateral') + left(entries, 'margin');
        expect(sellerHas).toBe(deal.totalMinor - deal.feeMinor);
      }),
    );
  });

  it('leaves no trace where it is declined', () => {
    fc.assert(
      fc.property(aDeal, ({ deal }) => {
        const after = balances([books.novation(deal), books.novationUnwound(deal)]);
        expect([...after.values()].every((minor) => minor === 0n)).toBe(true);
      }),
    );
  });
});
