/** Many connections posting entries whose accounts cross: no deadlock, nothing lost, nothing made. */
import { newId } from '../../domain/ids';
import type { Entry } from '../../domain/ledger/postings';
import { rows } from '../../store/db';
import { allBalances, checkLedger, postEntries } from '../../store/ledger';
import { describeWithDatabase } from '../support/database';
import { aPrincipal, fund, usd } from '../support/factories';
import { refusalOf } from '../support/refusals';

const CONNECTIONS = 16;
const ROUNDS = 20;
const PARTIES = 6;

/** A transfer of free collateral, as a penalty would make it. */
function transfer(from: string, to: string, amountMinor: bigint): Entry {
  const account = (owner: string) => ({ owner, kind: 'collateral' as const, asset: 'USD' });
  return {
    event: 'release',
    key: `release:${newId('event')}`,
    transactionId: null,
    postings: [
      { account: account(from), side: 'debit', amountMinor },
      { account: account(to), side: 'credit', amountMinor },
    ],
  };
}

describeWithDatabase(
  'posting from many connections',
  (database) => {
    const db = () => database().db;
    /** No retries: a deadlock must not be hidden. */
    const post = (entries: Entry[]) => db().transaction((trx) => postEntries(trx, entries));
    const held = async () =>
      (await allBalances(db()))
        .filter(({ kind }) => kind === 'collateral')
        .reduce((sum, { balanceMinor }) => sum + balanceMinor, 0n);

    it('crosses accounts in every order without a deadlock, and conserves money', async () => {
      const parties: string[] = [];
      for (let at = 0; at < PARTIES; at++) {
        const principal = await aPrincipal(db());
        await fund(db(), principal, usd('1000000.00'));
        parties.push(principal.id);
      }
      const before = await held();
      const party = (at: number) => parties[at % PARTIES] as string;
      const worker = async (me: number) => {
        for (let round = 0; round < ROUNDS; round++) {
          const a = me + round;
          await post([
            transfer(party(a), party(a + 1), 3n),
            transfer(party(a + 3), party(a + 2), 5n),
            transfer(party(a + 2), party(a), 7n),
            // Accounts that are made by whoever comes first, at the same moment.
            transfer(party(a), `prn_new_${round}_${me % 3}`, 1n),
            transfer(party(a + 1), `prn_new_${round}_${(me + 1) % 3}`, 1n),
          ]);
        }
      };
      const results = await Promise.all(
        Array.from({ length: CONNECTIONS }, (_, me) => refusalOf(worker(me))),
      );
      expect(results).toEqual(Array(CONNECTIONS).fill('accepted'));
      expect(await held()).toBe(before);
      const check = await checkLedger(db());
      expect(check).toEqual({ entries: PARTIES + CONNECTIONS * ROUNDS * 5, balanced: true });
    });

    it('lets exactly as many spend a balance as it is good for', async () => {
      const [rich, poor] = [await aPrincipal(db()), await aPrincipal(db())];
      await fund(db(), rich, usd('0.50'));
      const spent = await Promise.all(
        Array.from({ length: CONNECTIONS }, () => refusalOf(post([transfer(rich.id, poor.id, 10n)]))),
      );
      expect(spent.filter((result) => result === 'accepted')).toHaveLength(5);
      expect(spent.filter((result) => result === 'check non_negative')).toHaveLength(CONNECTIONS - 5);
      const [left] = await rows<{ balance_minor: string }>(
        db(),
        "SELECT balance_minor FROM accounts WHERE owner = ? AND kind = 'collateral'",
        [rich.id],
      );
      expect(left?.balance_minor).toBe('0');
    });

    it('posts the same entry once', async () => {
      const [from, to] = [await aPrincipal(db()), await aPrincipal(db())];
      await fund(db(), from, usd('1.00'));
      const entry = transfer(from.id, to.id, 40n);
      const posted = await Promise.all(Array.from({ length: CONNECTIONS }, () => post([entry])));
      expect(posted.flat()).toEqual([entry.key]);
    });

    it('reads its own rows and no whole table, however its plans came about', async () => {
      const [from, to] = [await aPrincipal(db()), await aPrincipal(db())];
      await fund(db(), from, usd('1000.00'));
      const [before, after] = await db().transaction(async (trx) => {
        const scans = () =>
          rows<{ table: string; scans: string }>(
            trx,
            `SELECT relname AS table, seq_scan AS scans FROM pg_stat_xact_user_tables
             WHERE relname IN ('entries', 'postings', 'accounts') ORDER BY 1`,
          );
        const first = await scans();
        // No statistics and few rows: the plans that would be made here are kept while the tables grow.
        for (let count = 0; count < 12; count++) await postEntries(trx, [transfer(from.id, to.id, 1n)]);
        return [first, await scans()];
      });
      expect(after).toEqual(before);
    });
  },
  { poolMax: CONNECTIONS },
);
