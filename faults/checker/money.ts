/** Money: none is made, none is destroyed, and each account holds what was posted to it. */
import { sqlCheck, type Check, type Finding } from './sources';

/** The kinds whose balance grows by debits; all others grow by credits. */
const DEBIT_KINDS = `('cash', 'unreconciled', 'obligation', 'recoverable', 'rail_fees')`;
const SIGNED = `CASE WHEN (p.side = 'debit') = (a.kind IN ${DEBIT_KINDS}) THEN p.amount_minor ELSE -p.amount_minor END`;

export const entriesAreEven = sqlCheck({
  name: 'entries-are-even',
  says: 'what an entry takes it gives, asset by asset',
  harm: 'unbalanced',
  broken: `SELECT p.entry_id AS subject, 'is out by ' || sum(CASE p.side WHEN 'debit' THEN p.amount_minor ELSE -p.amount_minor END)
      || ' ' || a.asset AS detail
    FROM postings p JOIN accounts a ON a.id = p.account_id GROUP BY p.entry_id, a.asset
    HAVING sum(CASE p.side WHEN 'debit' THEN p.amount_minor ELSE -p.amount_minor END) <> 0`,
});

export const balancesArePosted = sqlCheck({
  name: 'balances-are-posted',
  says: 'an account holds what its postings add up to',
  harm: 'unbalanced',
  broken: `SELECT a.owner || ' ' || a.kind || ' ' || a.asset AS subject,
      'holds ' || a.balance_minor || ' and was posted ' || coalesce(s.posted, 0) AS detail
    FROM accounts a LEFT JOIN (
      SELECT p.account_id, sum(${SIGNED}) AS posted FROM postings p JOIN accounts a ON a.id = p.account_id GROUP BY 1
    ) s ON s.account_id = a.id WHERE a.balance_minor <> coalesce(s.posted, 0)`,
});

export const totalIsConstant: Check = {
  name: 'total-is-constant',
  says: 'debit balances equal credit balances in each asset, and what all parties and AURA had at a rail they have',
  async run({ sql, rails }) {
    const books = await sql.query<{ subject: string; detail: string }>(
      `SELECT asset AS subject, 'debits and credits differ by ' ||
         sum(CASE WHEN kind IN ${DEBIT_KINDS} THEN balance_minor ELSE -balance_minor END) AS detail
       FROM accounts GROUP BY asset
       HAVING sum(CASE WHEN kind IN ${DEBIT_KINDS} THEN balance_minor ELSE -balance_minor END) <> 0`,
    );
    const atRails = [...rails.totals]
      .filter(([, { openingMinor, nowMinor }]) => openingMinor !== nowMinor)
      .map(([subject, { openingMinor, nowMinor }]) => ({
        subject,
        detail: `held ${openingMinor} at the start and ${nowMinor} now`,
      }));
    return [...books, ...atRails].map((found): Finding => ({
      check: 'total-is-constant',
      harm: 'unbalanced',
      ...found,
    }));
  },
};

export const endedDealsOweNothing = sqlCheck({
  name: 'ended-deals-owe-nothing',
  says: 'of a deal that has ended nothing is owed by or to anybody',
  harm: 'unbalanced',
  broken: `SELECT e.transaction_id AS subject, 'still has ' || sum(${SIGNED}) || ' on ' || a.kind AS detail
    FROM entries e JOIN postings p ON p.entry_id = e.id JOIN accounts a ON a.id = p.account_id
    JOIN transactions t ON t.id = e.transaction_id JOIN sessions s ON s.id = t.session_id
    WHERE a.kind IN ('obligation', 'entitlement', 'fees_deferred', 'refund_due')
      AND s.market_state IN ('completed', 'cancelled', 'failed')
      AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.transaction_id = t.id AND r.status = 'pending')
    GROUP BY e.transaction_id, a.kind HAVING sum(${SIGNED}) <> 0`,
});

/** AURA's cash at a rail is what the rail says, once the statements have been taken in. */
export const booksAreTheRails: Check = {
  name: 'books-are-the-rails',
  says: 'AURA has at each rail what the rail says it has, and nothing proved is missing on a statement',
  async run({ sql, rails }) {
    const held = await sql.query<{ rail: string; cash: string; unreconciled: string }>(
      `SELECT substr(owner, 6) AS rail, coalesce(sum(balance_minor) FILTER (WHERE kind = 'cash'), 0) AS cash,
         coalesce(sum(balance_minor) FILTER (WHERE kind = 'unreconciled'), 0) AS unreconciled
       FROM accounts WHERE owner LIKE 'rail:%' GROUP BY owner`,
    );
    const byRail = new Map(held.map((row) => [row.rail, row]));
    return [...rails.balances].flatMap(([rail, balanceMinor]): Finding[] => {
      const { cash = '0', unreconciled = '0' } = byRail.get(rail) ?? {};
      const finding = (detail: string): Finding => ({
        check: 'books-are-the-rails',
        harm: 'unbalanced',
        subject: rail,
        detail,
      });
      return [
        ...(BigInt(cash) === balanceMinor
          ? []
          : [finding(`says ${balanceMinor}, and AURA's cash is ${cash}`)]),
        ...(BigInt(unreconciled) === 0n ? [] : [finding(`${unreconciled} is proved and on no statement`)]),
      ];
    });
  },
};
