/**
 * The checker of `npm run faults` can fail: on a real database with the guards off, on the rails' books, and on the
 * clients' log, each of its checks is given what it is there to find.
 */
import { CHECKS, judge, type LogLine } from '../../faults/checker';
import type { Movement, Sources } from '../../faults/checker/sources';
import { rows, type Queryable, type Trx } from '../../store/db';
import { anAuditedWorld, type AuditedWorld } from '../support/audited-world';
import { describeWithDatabase } from '../support/database';

interface Doctored {
  db: Trx;
  movements: Movement[];
  balances: Map<string, bigint>;
  totals: Map<string, { openingMinor: bigint; nowMinor: bigint }>;
  log: LogLine[];
}

class RolledBack extends Error {}
const AT = '2026-01-01T00:00:00.000Z';

const change =
  (sql: string, bindings: string[] = []) =>
  async (sources: Doctored) => {
    const { rowCount }: { rowCount: number } = await sources.db.raw(sql, bindings);
    expect(rowCount).toBeGreaterThan(0);
  };
function lineOf({ log }: Doctored, what: string): LogLine {
  const found = log.find((line) => line.what === what);
  if (!found) throw new Error(`the log has no ${what}`);
  return found;
}

/** What is done to honest books, and what has to be found then. */
type Case = [what: string, finding: string, doctor: (world: AuditedWorld) => (sources: Doctored) => unknown];

const CASES: readonly Case[] = [
  [
    'an entry that takes more than it gives',
    'entries-are-even: unbalanced',
    () =>
      change(
        `UPDATE postings SET amount_minor = amount_minor + 1 WHERE seq = (SELECT min(seq) FROM postings)`,
      ),
  ],
  [
    'an account that holds what was never posted',
    'balances-are-posted: unbalanced',
    () => change(`UPDATE accounts SET balance_minor = balance_minor + 1 WHERE kind = 'fees_earned'`),
  ],
  [
    'money made in the books',
    'total-is-constant: unbalanced',
    () => change(`UPDATE accounts SET balance_minor = balance_minor + 1 WHERE kind = 'fees_earned'`),
  ],
  [
    'money made at a rail',
    'total-is-constant: unbalanced',
    () => (s) => s.totals.set('rtp', { openingMinor: 100n, nowMinor: 101n }),
  ],
  [
    'an ended deal that is still owed for',
    'ended-deals-owe-nothing: unbalanced',
    (world) =>
      change(
        `UPDATE postings SET amount_minor = amount_minor + 5 WHERE seq = (SELECT min(p.seq) FROM postings p
           JOIN entries e ON e.id = p.entry_id JOIN accounts a ON a.id = p.account_id
           WHERE e.transaction_id = ? AND a.kind = 'entitlement')`,
        [world.sold],
      ),
  ],
  [
    'a rail that says AURA has less',
    'books-are-the-rails: unbalanced',
    () => (s) => s.balances.set('rtp', (s.balances.get('rtp') ?? 0n) - 1n),
  ],
  [
    'an acknowledged commit that is gone',
    'commits-are-present: lost',
    () => (s) => s.log.push({ ...lineOf(s, 'commit_acknowledged'), transactionId: 'txn_GONE' }),
  ],
  [
    'an acknowledged commit with another total',
    'commits-are-present: lost',
    () => (s) => s.log.push({ ...lineOf(s, 'commit_acknowledged'), total: '1.00' }),
  ],
  ...['deliver', 'cancel', 'refund', 'dispute'].map((act): Case => [
    `an acknowledged act that is gone: ${act}`,
    'acts-are-present: lost',
    () => (s) => s.log.push({ what: 'acknowledged', at: AT, act, transactionId: 'txn_GONE' }),
  ]),
  [
    'a payment that the rail booked twice',
    'executed-once: doubled',
    () => (s) => s.movements.push({ ...(s.movements[0] as Movement), reference: 'again' }),
  ],
  ['a payment that the rail has never booked', 'executed-once: lost', () => (s) => s.movements.splice(0, 1)],
  [
    'a payment of another amount',
    'executed-once: unbalanced',
    () => (s) => s.movements.splice(0, 1, { ...(s.movements[0] as Movement), amountMinor: 1n }),
  ],
  [
    'money that moved and nobody asked for',
    'executed-once: doubled',
    () => (s) =>
      s.movements.push({
        rail: 'rtp',
        instructionId: null,
        reference: 'stray',
        direction: 'out',
        amountMinor: 5n,
      }),
  ],
  [
    'a payment that AURA gave up and the rail booked',
    'executed-once: doubled',
    (world) =>
      change(`UPDATE instructions SET status = 'never_executed' WHERE transaction_id = ?`, [world.sold]),
  ],
  [
    'a deal that was paid by two instructions',
    'paid-once: doubled',
    () => async (s) => {
      const moved = s.movements.find(({ direction }) => direction === 'in') as Movement;
      await change(
        `WITH again AS (INSERT INTO instructions (id, kind, subject_id, transaction_id, rail, asset, amount_minor,
             document, key_id, signature, commitment_hash, status, expires_at)
           SELECT 'ins_01J00000000000000000000000', kind, subject_id, transaction_id, rail, asset, amount_minor, document,
             key_id, signature, commitment_hash, 'rejected', now() + interval '1 hour'
           FROM instructions WHERE id = ? RETURNING id) SELECT id FROM again`,
        [moved.instructionId ?? ''],
      )(s);
      s.movements.push({ ...moved, instructionId: 'ins_01J00000000000000000000000', reference: 'again' });
    },
  ],
  [
    'a refund that counts as paid and was not',
    'paid-once: lost',
    () =>
      change(
        `INSERT INTO refunds (id, transaction_id, asset, amount_minor, cause, reason, requested_by, sources, status)
           SELECT 'rfd_01J00000000000000000000000', transaction_id, asset, 1, cause, reason, requested_by, sources, 'proved'
           FROM refunds LIMIT 1`,
      ),
  ],
  [
    'a payout that is under way for ever',
    'none-is-stuck: stuck',
    () => change(`UPDATE payouts SET status = 'pending'`),
  ],
  [
    'a deal that stands where no deal ends',
    'none-is-stuck: stuck',
    (world) => change(`UPDATE transactions SET clearing_state = 'settling' WHERE id = ?`, [world.sold]),
  ],
  [
    'a payment that nobody went on with for a quarter of an hour',
    'none-stood-still: stuck',
    (world) =>
      change(
        `UPDATE state_history SET at = at - interval '15 minutes' WHERE to_state = 'settling' AND transaction_id = ?`,
        [world.sold],
      ),
  ],
  [
    'a state that the history does not lead to',
    'paths-are-legal: audit',
    (world) => change(`UPDATE transactions SET clearing_state = 'refunded' WHERE id = ?`, [world.sold]),
  ],
  [
    'a step that the table does not have',
    'paths-are-legal: audit',
    (world) =>
      change(`UPDATE state_history SET transition = 'X6' WHERE transition = 'T21' AND transaction_id = ?`, [
        world.sold,
      ]),
  ],
  [
    'a webhook that nobody took',
    'no-webhook-is-lost: lost',
    () => (s) => (lineOf(s, 'webhook').taken = false),
  ],
  [
    'an audit record that was changed',
    'audit-chain-is-whole: audit',
    () => change(`UPDATE audit SET actor = 'somebody' WHERE id = (SELECT min(id) FROM audit)`),
  ],
  [
    'an audit record that was left out',
    'audit-chain-is-whole: audit',
    (world) => change(`DELETE FROM audit WHERE subject = ? AND position = 1`, [world.sold]),
  ],
  [
    'an audit record that was cut off at the end',
    'audit-chain-is-whole: audit',
    () =>
      change(
        `DELETE FROM audit a USING audit_heads h WHERE h.subject = a.subject AND h.position = a.position`,
      ),
  ],
  [
    'a move that left no record',
    'moves-are-audited: audit',
    (world) => change(`DELETE FROM audit WHERE subject = ?`, [world.sold]),
  ],
];

describeWithDatabase('the checker of a run with faults', (database) => {
  const db = () => database().db;
  let world: AuditedWorld;
  beforeAll(async () => {
    world = await anAuditedWorld(db());
  });

  /** What the checks find that they do not find in books and logs that were left alone. */
  async function foundAfter(doctor: (sources: Doctored) => unknown): Promise<string[]> {
    const honest = await honestly(async () => undefined);
    const doctored = await honestly(doctor);
    const known = new Set(honest.map((one) => JSON.stringify(one)));
    return [
      ...new Set(
        doctored
          .filter((one) => !known.has(JSON.stringify(one)))
          .map(({ check, harm }) => `${check}: ${harm}`),
      ),
    ];
  }

  async function honestly(doctor: (sources: Doctored) => unknown) {
    const found: Awaited<ReturnType<typeof judge>>['findings'][] = [];
    const work = db().transaction(async (trx) => {
      await trx.raw('SET LOCAL session_replication_role = replica');
      const sources = { db: trx, ...(await railBooksOf(trx)), log: await logOf(trx) };
      await doctor(sources);
      found.push((await judge(asSources(sources))).findings);
      throw new RolledBack();
    });
    await expect(work).rejects.toBeInstanceOf(RolledBack);
    return found[0] ?? [];
  }

  it('finds nothing wrong where nothing is, but for what is under way', async () => {
    const found = await honestly(() => undefined);
    expect([...new Set(found.map(({ check }) => check))].sort()).toEqual([
      'books-are-the-rails',
      'none-is-stuck',
    ]);
  });

  it.each(CASES)('finds %s', async (_what, finding, doctor) => {
    expect(await foundAfter(doctor(world))).toContain(finding);
  });

  it('has a case for every check', () => {
    expect(new Set(CASES.map(([, finding]) => finding.replace(/: .*/, '')))).toEqual(
      new Set(CHECKS.map(({ name }) => name)),
    );
  });
});

function asSources({ db, movements, balances, totals, log }: Doctored): Sources {
  const query = <Row>(text: string) => rows<Row>(db, text);
  return { sql: { query }, rails: { movements, balances, totals }, log };
}

/** What the rails would say had they booked what AURA holds executed. */
async function railBooksOf(db: Queryable): Promise<Pick<Doctored, 'movements' | 'balances' | 'totals'>> {
  const executed = await rows<{ id: string; rail: string; kind: string; amount: string; reference: string }>(
    db,
    `SELECT i.id, i.rail, i.kind, i.amount_minor::text AS amount, p.statement->>'reference' AS reference
     FROM instructions i JOIN proofs p ON p.instruction_id = i.id AND p.accepted ORDER BY i.id`,
  );
  const cash = await rows<{ rail: string; cash: string }>(
    db,
    `SELECT substr(owner, 6) AS rail, balance_minor::text AS cash FROM accounts WHERE owner LIKE 'rail:%' AND kind = 'cash'`,
  );
  const movements = executed.map(({ id, rail, kind, amount, reference }): Movement => ({
    rail,
    instructionId: id,
    reference,
    direction: kind === 'pay_in' ? 'in' : 'out',
    amountMinor: BigInt(amount),
  }));
  const totals: Doctored['totals'] = new Map([['rtp', { openingMinor: 100n, nowMinor: 100n }]]);
  return { movements, balances: new Map(cash.map(({ rail, cash: held }) => [rail, BigInt(held)])), totals };
}

/** What clients would have noted of these deals, one of whose sellers listens. */
async function logOf(db: Queryable): Promise<LogLine[]> {
  const deals = await rows<{ id: string; session: string; offer: string; total: string; beacon: string }>(
    db,
    `SELECT id, session_id AS session, offer_id AS offer, to_char(total_minor / 100.0, 'FM9999990.00') AS total,
       beacon_id AS beacon FROM transactions`,
  );
  const told = await rows<{ id: string; beacon: string; transition: string }>(
    db,
    `SELECT h.transaction_id AS id, t.beacon_id AS beacon, h.transition FROM state_history h
     JOIN transactions t ON t.id = h.transaction_id WHERE h.transition IN ('T19', 'T21', 'T8')`,
  );
  const names: Readonly<Record<string, string>> = {
    T19: 'offer_accepted',
    T21: 'transaction_confirmed',
    T8: 'transaction_completed',
  };
  return [
    ...deals.map(({ id, session, offer, total }) => ({
      what: 'commit_acknowledged',
      at: AT,
      transactionId: id,
      sessionId: session,
      offerId: offer,
      total,
    })),
    ...deals.map(({ beacon }) => ({ what: 'listens', at: AT, agentId: beacon })),
    ...told.map(({ id, beacon, transition }, index) => ({
      what: 'webhook',
      at: AT,
      agentId: beacon,
      eventId: `evt_${index}`,
      name: names[transition],
      transactionId: id,
      taken: true,
    })),
  ];
}
