/** Laws of the books that no sequence of events may break, tried with random lives of deals on the real database. */
import fc from 'fast-check';
import { newId } from '../../domain/ids';
import { ACCOUNT_KINDS, DEAL_ACCOUNT_KINDS, NON_NEGATIVE_KINDS } from '../../domain/ledger/accounts';
import * as books from '../../domain/ledger/postings';
import { inTransaction } from '../../store/db';
import { allBalances, checkLedger, dealBalances, postEntries, type Balance } from '../../store/ledger';
import { Bookkeeping, type BookedDeal, type Nudge } from '../support/bookkeeping';
import { describeWithDatabase } from '../support/database';
import { aBeacon, aDeal, aScout } from '../support/factories';
import { refusalOf } from '../support/refusals';

const nudge: fc.Arbitrary<Nudge> = fc.record({
  action: fc.oneof(
    { weight: 6, arbitrary: fc.constant('advance' as const) },
    {
      weight: 5,
      arbitrary: fc.constantFrom(
        'unwind',
        'deposit',
        'step_margin',
        'pay_out',
        'reject_payout',
        'strange_receipt',
        'repeat',
      ),
    },
  ),
  deal: fc.nat({ max: 2 }),
  percent: fc.integer({ min: 0, max: 100 }),
});
const aTotal = fc.bigInt({ min: 1n, max: 10n ** 12n });

/** Debits less credits over all accounts, per asset. */
function sums(balances: readonly Balance[]): Map<string, bigint> {
  const found = new Map<string, bigint>();
  for (const { kind, asset, balanceMinor } of balances) {
    const signed = ACCOUNT_KINDS[kind].normal === 'debit' ? balanceMinor : -balanceMinor;
    found.set(asset, (found.get(asset) ?? 0n) + signed);
  }
  return found;
}

describeWithDatabase('the books, whatever happens to the deals,', (database) => {
  const db = () => database().db;

  /** Three deals that share their parties, in both roles where they can. */
  async function threeDeals(totals: readonly bigint[], feePercent: number): Promise<BookedDeal[]> {
    const [one, other] = [await aScout(db()), await aBeacon(db())];
    const [otherScout, oneBeacon] = [
      await aScout(db(), { principal: other.principal }),
      await aBeacon(db(), { principal: one.principal }),
    ];
    const deals: BookedDeal[] = [];
    for (const [at, totalMinor] of totals.entries()) {
      const parties = at === 1 ? { scout: otherScout, beacon: oneBeacon } : { scout: one, beacon: other };
      const deal = await aDeal(db(), parties);
      const terms = {
        transactionId: deal.id,
        buyer: deal.buyerPrincipalId,
        seller: deal.sellerPrincipalId,
        asset: 'USD',
        totalMinor,
        feeMinor: (totalMinor * BigInt(feePercent)) / 100n,
        buyerMarginMinor: 0n,
        sellerMarginMinor: 0n,
      };
      deals.push({ terms, stage: 'committed', heldMinor: 0n, steps: 0 });
    }
    return deals;
  }

  async function expectLaws(deals: readonly BookedDeal[]): Promise<void> {
    expect((await checkLedger(db())).balanced).toBe(true);
    const balances = await allBalances(db());
    expect([...sums(balances).values()].filter((sum) => sum !== 0n)).toEqual([]);
    const negative = balances.filter(
      ({ kind, balanceMinor }) => NON_NEGATIVE_KINDS.includes(kind) && balanceMinor < 0n,
    );
    expect(negative).toEqual([]);
    for (const { terms, stage, heldMinor } of deals) {
      const mine = await dealBalances(db(), terms.transactionId);
      const left = (kind: string) =>
        mine
          .filter((balance) => balance.kind === kind)
          .reduce((sum, { balanceMinor }) => sum + balanceMinor, 0n);
      const owed = DEAL_ACCOUNT_KINDS.map((kind) => [kind, left(kind)]);
      if (stage === 'released' || stage === 'unwound')
        expect(owed).toEqual(DEAL_ACCOUNT_KINDS.map((kind) => [kind, 0n]));
      if (stage === 'novated') expect(left('obligation')).toBe(terms.totalMinor);
      if (stage === 'unwound') expect(left('margin')).toBe(0n);
      if (stage === 'released') expect(left('margin')).toBe(heldMinor + terms.buyerMarginMinor);
      if (stage === 'novated' || stage === 'settled' || stage === 'cleared')
        expect(left('entitlement') + left('fees_deferred')).toBe(terms.totalMinor);
    }
  }

  it('balance, sum to zero per asset, keep what others rely on, and end deals with nothing owed', async () => {
    const reached = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(aTotal, { minLength: 3, maxLength: 3 }),
        fc.integer({ min: 0, max: 100 }),
        fc.array(nudge, { minLength: 10, maxLength: 40 }),
        async (totals, feePercent, nudges) => {
          const keeper = new Bookkeeping(db(), await threeDeals(totals, feePercent));
          for (const one of nudges) await keeper.take(one);
          await expectLaws(keeper.deals);
          for (const { stage } of keeper.deals) reached.add(stage);
        },
      ),
      { numRuns: 20, endOnFailure: true },
    );
    expect([...reached]).toEqual(expect.arrayContaining(['novated', 'released', 'unwound']));
  });

  it('never pay out more than there is, and are as they were after being asked to', async () => {
    await fc.assert(
      fc.asyncProperty(aTotal, aTotal, async (hasMinor, extraMinor) => {
        const [{ terms }] = (await threeDeals([hasMinor], 0)) as [BookedDeal];
        const deposit = { depositId: newId('deposit'), principalId: terms.seller, rail: 'rtp', asset: 'USD' };
        const payout = { payoutId: newId('payout'), principalId: terms.seller, asset: 'USD' };
        await inTransaction(db(), (trx) =>
          postEntries(trx, [books.depositProved({ ...deposit, amountMinor: hasMinor })]),
        );
        const before = await allBalances(db());
        const tooMuch = books.payoutSent({ ...payout, amountMinor: hasMinor + extraMinor });
        expect(await refusalOf(inTransaction(db(), (trx) => postEntries(trx, [tooMuch])))).toBe(
          'check non_negative',
        );
        expect(await allBalances(db())).toEqual(before);
        const all = books.payoutSent({ ...payout, amountMinor: hasMinor });
        expect(await inTransaction(db(), (trx) => postEntries(trx, [all]))).toEqual([all.key]);
      }),
      { numRuns: 10 },
    );
  });

  it('tell a deal’s own postings from those of others', async () => {
    const keeper = new Bookkeeping(db(), await threeDeals([10_000n, 5_000n], 1));
    await keeper.take({ action: 'advance', deal: 0, percent: 0 });
    await keeper.take({ action: 'advance', deal: 1, percent: 0 });
    const kinds = async (at: number) =>
      (await dealBalances(db(), keeper.deals[at]?.terms.transactionId ?? '')).map(
        ({ kind, balanceMinor }) => [kind, balanceMinor],
      );
    expect(new Map((await kinds(0)) as [string, bigint][])).toEqual(
      new Map([
        ['obligation', 10_000n],
        ['entitlement', 9_900n],
        ['fees_deferred', 100n],
      ]),
    );
    expect(new Map((await kinds(1)) as [string, bigint][]).get('obligation')).toBe(5_000n);
  });
});

describeWithDatabase('the check of the books', (database) => {
  it('sees a balance that was changed behind its back', async () => {
    const { db } = database();
    await inTransaction(db, (trx) =>
      postEntries(trx, [
        books.sandboxGrant({ principalId: newId('principal'), asset: 'USD', amountMinor: 5n }),
      ]),
    );
    expect(await checkLedger(db)).toEqual({ entries: 1, balanced: true });
    await db.raw('ALTER TABLE accounts DISABLE TRIGGER USER');
    await db.raw("UPDATE accounts SET balance_minor = balance_minor + 1 WHERE kind = 'collateral'");
    expect((await checkLedger(db)).balanced).toBe(false);
  });
});
