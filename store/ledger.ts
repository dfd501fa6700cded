import { canonicalHash } from '../domain/canonical';
import { newId } from '../domain/ids';
import type { AccountKind } from '../domain/ledger/accounts';
import type { Entry } from '../domain/ledger/postings';
import { rows, type Queryable } from './db';

/** Entries in the form `post_entries` takes. The digest tells a repeated entry from another one under its key. */
export function entriesJson(entries: readonly Entry[]): string {
  return JSON.stringify(
    entries
      .filter(({ postings }) => postings.length > 0)
      .map(({ event, key, transactionId, postings }) => {
        const lines = postings.map(({ account, side, amountMinor }) => ({
          ...account,
          side,
          amount: amountMinor.toString(),
        }));
        return {
          id: newId('entry'),
          event,
          key,
          transaction_id: transactionId,
          digest: canonicalHash({ event, key, transactionId, lines }),
          postings: lines,
        };
      }),
  );
}

/** Posts entries; those posted before under the same key are left alone. Answers the keys that were new. */
export async function postEntries(db: Queryable, entries: readonly Entry[]): Promise<string[]> {
  const posted = await rows<{ key: string }>(db, 'SELECT post_entries(?::jsonb) AS key', [
    entriesJson(entries),
  ]);
  return posted.map(({ key }) => key);
}

export interface Balance {
  owner: string;
  kind: AccountKind;
  asset: string;
  balanceMinor: bigint;
}

/** Balances of one owner, in each account's normal direction. */
export async function balancesOf(db: Queryable, owner: string): Promise<Balance[]> {
  return toBalances(
    await rows(
      db,
      'SELECT owner, kind, asset, balance_minor FROM accounts WHERE owner = ? ORDER BY asset, kind',
      [owner],
    ),
  );
}

interface BalanceRow {
  owner: string;
  kind: AccountKind;
  asset: string;
  balance_minor: string;
}

function toBalances(found: BalanceRow[]): Balance[] {
  return found.map(({ balance_minor, ...rest }) => ({ ...rest, balanceMinor: BigInt(balance_minor) }));
}

export async function allBalances(db: Queryable): Promise<Balance[]> {
  return toBalances(
    await rows(db, 'SELECT owner, kind, asset, balance_minor FROM accounts ORDER BY asset, owner, kind'),
  );
}

/** What a deal still has on each kind of account, from its postings. */
export async function dealBalances(db: Queryable, transactionId: string): Promise<Balance[]> {
  return toBalances(
    await rows(
      db,
      `SELECT a.owner, a.kind, a.asset,
         sum(CASE WHEN (p.side = 'credit') = credit_normal(a.kind) THEN p.amount_minor ELSE -p.amount_minor END)
           AS balance_minor
       FROM entries e JOIN postings p ON p.entry_id = e.id JOIN accounts a ON a.id = p.account_id
       WHERE e.transaction_id = ? GROUP BY a.owner, a.kind, a.asset ORDER BY a.owner, a.kind`,
      [transactionId],
    ),
  );
}

export interface LedgerCheck {
  entries: number;
  /** Every entry balances, the accounts' balances are the sum of their postings, and each asset sums to zero. */
  balanced: boolean;
}

export async function checkLedger(db: Queryable): Promise<LedgerCheck> {
  const [found] = await rows<{ entries: string; unbalanced: string; drifted: string; assets_off: string }>(
    db,
    `SELECT
       (SELECT count(*) FROM entries) AS entries,
       (SELECT count(*) FROM (
          SELECT 1 FROM postings p JOIN accounts a ON a.id = p.account_id GROUP BY p.entry_id, a.asset
          HAVING sum(CASE p.side WHEN 'debit' THEN p.amount_minor ELSE -p.amount_minor END) <> 0) u) AS unbalanced,
       (SELECT count(*) FROM accounts a WHERE a.balance_minor <> coalesce((
          SELECT sum(CASE WHEN (p.side = 'credit') = credit_normal(a.kind) THEN p.amount_minor ELSE -p.amount_minor END)
          FROM postings p WHERE p.account_id = a.id), 0)) AS drifted,
       (SELECT count(*) FROM (
          SELECT 1 FROM accounts GROUP BY asset
          HAVING sum(CASE WHEN credit_normal(kind) THEN -balance_minor ELSE balance_minor END) <> 0) s) AS assets_off`,
  );
  const count = (value: string | undefined) => Number(value ?? 0);
  return {
    entries: count(found?.entries),
    balanced: count(found?.unbalanced) + count(found?.drifted) + count(found?.assets_off) === 0,
  };
}
