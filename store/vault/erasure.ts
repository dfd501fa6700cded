/** Erasure: the data keys of what is over are destroyed, and with them all that was sealed under them. */
import { TERMINAL_MARKET_STATES } from '../../domain/lifecycle';
import type { DataKind } from '../../domain/personal-data';
import { RETENTION_DAYS, WINDOWS_DAYS, type Retention } from '../../domain/retention';
import { inTransaction, rows, type Db, type Queryable, type Trx } from '../db';
import { recordAudit } from '../states';

const ENDED = TERMINAL_MARKET_STATES.map((state) => `'${state}'`).join(', ');

/** Sessions that are over for so many days: ended, nothing held, owed or disputed. `of` narrows them, as SQL over `s`. */
const over = (of: string) => `
  SELECT s.id, t.id AS deal FROM sessions s LEFT JOIN transactions t ON t.session_id = s.id
  WHERE ${of} AND s.market_state IN (${ENDED}) AND s.updated_at <= now() - :days * interval '1 day'
    AND coalesce(t.updated_at <= now() - :days * interval '1 day', true)
    AND NOT EXISTS (SELECT 1 FROM margins m WHERE m.transaction_id = t.id AND m.held_minor > 0)
    AND NOT EXISTS (SELECT 1 FROM exposures x WHERE x.transaction_id = t.id AND x.released_at IS NULL)
    AND NOT EXISTS (SELECT 1 FROM disputes d WHERE d.transaction_id = t.id AND d.closed_at IS NULL)
    AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.transaction_id = t.id AND r.status = 'pending')
    AND NOT EXISTS (SELECT 1 FROM recoveries r WHERE r.transaction_id = t.id AND r.status = 'called')
    AND NOT EXISTS (SELECT 1 FROM exceptions e WHERE e.transaction_id = t.id AND e.status = 'open')`;

/** Subjects of each kind that belong to the sessions in `over`. */
const SUBJECTS: Readonly<Record<Exclude<DataKind, 'party' | 'answer'>, string>> = {
  intent: 'SELECT id FROM o',
  deal: 'SELECT deal FROM o WHERE deal IS NOT NULL',
  dispute: 'SELECT d.id FROM disputes d JOIN o ON o.deal = d.transaction_id',
  settlement: 'SELECT i.id FROM instructions i JOIN o ON o.deal = i.transaction_id',
};
const KINDS = Object.keys(SUBJECTS) as (keyof typeof SUBJECTS)[];

async function destroy(trx: Trx, kind: DataKind, subjects: string, values: Record<string, string | number>) {
  const gone = await rows<{ subject: string }>(
    trx,
    `UPDATE data_keys SET wrapped = NULL, destroyed_at = now()
     WHERE kind = :kind AND destroyed_at IS NULL AND subject IN (${subjects}) RETURNING subject`,
    { kind, ...values },
  );
  return gone.length;
}

export type Erased = { outcome: 'erased'; keys: number } | { outcome: 'not_over' };

export interface Erasure {
  actor: string;
  /** Since when it has to be over, days; default `WINDOWS_DAYS`. */
  overForDays?: number;
}

/** Erases what is personal in a deal and its session. Ledger, history and audit stay as they are. */
export async function eraseDeal(db: Db, transactionId: string, erasure: Erasure): Promise<Erased> {
  const { actor, overForDays: days = WINDOWS_DAYS } = erasure;
  return inTransaction(db, async (trx) => {
    const query = over('t.id = :deal');
    const values = { deal: transactionId, days };
    if ((await rows(trx, query, values)).length === 0) return { outcome: 'not_over' as const };
    let keys = 0;
    for (const kind of KINDS)
      keys += await destroy(trx, kind, `WITH o AS (${query}) ${SUBJECTS[kind]}`, values);
    await recordAudit(trx, {
      actor,
      action: 'personal_data.erased',
      subject: transactionId,
      detail: { keys },
    });
    return { outcome: 'erased' as const, keys };
  });
}

/** Erases who a principal is, and its sessions and deals as a buyer. None of its deals may be under way. */
export async function erasePrincipal(db: Db, principalId: string, erasure: Erasure): Promise<Erased> {
  const { actor, overForDays: days = WINDOWS_DAYS } = erasure;
  return inTransaction(db, async (trx) => {
    if (await isBusy(trx, principalId, days)) return { outcome: 'not_over' as const };
    const values = { principal: principalId, days };
    const query = over('s.principal_id = :principal');
    let keys = await destroy(trx, 'party', 'SELECT :principal::text', values);
    for (const kind of KINDS)
      keys += await destroy(trx, kind, `WITH o AS (${query}) ${SUBJECTS[kind]}`, values);
    // It can be known again by its accounts no more.
    await trx.raw(`UPDATE payment_accounts SET identifier_index = 'erased:' || id WHERE principal_id = ?`, [
      principalId,
    ]);
    await trx.raw(`UPDATE principals SET status = 'suspended' WHERE id = ?`, [principalId]);
    await recordAudit(trx, { actor, action: 'personal_data.erased', subject: principalId, detail: { keys } });
    return { outcome: 'erased' as const, keys };
  });
}

/** Whether it has sessions or deals, as a buyer or a seller, that are not over, or money with AURA. */
async function isBusy(db: Queryable, principal: string, days: number): Promise<boolean> {
  const mine = '(s.principal_id = :principal OR t.seller_principal_id = :principal)';
  const found = await rows(
    db,
    `SELECT 1 FROM sessions s LEFT JOIN transactions t ON t.session_id = s.id
     WHERE ${mine} AND s.id NOT IN (SELECT id FROM (${over(mine)}) o)
     UNION ALL SELECT 1 FROM accounts WHERE owner = :principal AND balance_minor <> 0 LIMIT 1`,
    { principal, days },
  );
  return found.length > 0;
}

/** Destroys what is past its time, and clears away what was kept for the moment. Answers how much of each. */
export async function applyRetention(
  db: Db,
  retention: Retention = RETENTION_DAYS,
): Promise<Record<string, number>> {
  const done: Record<string, number> = {};
  const destroyed = async (kind: DataKind, subjects: string) => {
    const { [kind]: days } = retention;
    if (days === null) return;
    done[kind] = await inTransaction(db, (trx) => destroy(trx, kind, subjects, { days }));
  };
  for (const kind of KINDS) await destroyed(kind, `WITH o AS (${over('true')}) ${SUBJECTS[kind]}`);
  await destroyed(
    'answer',
    `SELECT k.subject FROM data_keys k WHERE k.kind = 'answer'
       AND k.subject < to_char(now() - :days * interval '1 day', 'YYYY-MM-DD')`,
  );
  done.nonces = await cleared(db, 'request_nonces', 'nonce', 'expires_at < now()');
  for (const [kept, { table, key, lapsed }] of Object.entries(CLEARED)) {
    const { [kept as keyof typeof CLEARED]: days } = retention;
    if (days !== null) done[kept] = await cleared(db, table, key, lapsed, { days });
  }
  return done;
}

/** What is cleared away and not sealed; a feed's event goes after the webhooks that told of it. */
const CLEARED = {
  delivery: {
    table: 'webhook_deliveries',
    key: 'id',
    lapsed: `status <> 'pending' AND created_at < now() - :days * interval '1 day'`,
  },
  feed: {
    table: 'agent_events',
    key: '(agent_id, seq)',
    lapsed: `occurred_at < now() - :days * interval '1 day' AND NOT EXISTS (
      SELECT 1 FROM webhook_deliveries d WHERE d.agent_id = agent_events.agent_id AND d.event_id = agent_events.event_id)`,
  },
} as const;
const CLEARED_AT_ONCE = 10_000;

/** In portions, so that nobody waits for the whole of it. */
async function cleared(
  db: Db,
  table: string,
  key: string,
  lapsed: string,
  values: Readonly<Record<string, number>> = {},
): Promise<number> {
  for (let all = 0; ;) {
    const gone = await rows(
      db,
      `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key.replace(/[()]/g, '')} FROM ${table} WHERE ${lapsed} LIMIT ${CLEARED_AT_ONCE})
       RETURNING 1`,
      values,
    );
    all += gone.length;
    if (gone.length < CLEARED_AT_ONCE) return all;
  }
}
