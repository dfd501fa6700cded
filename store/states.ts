/**
 * The one way a deal changes: state history, ledger entries, outbox events and the audit record are written by a
 * single statement inside the caller's transaction. Every step has a key, so a step that ran before does nothing.
 */
import {
  advance,
  findMove,
  IllegalTransitionError,
  type DealState,
  type TransitionId,
} from '../domain/lifecycle';
import type { DomainEvent } from '../domain/events';
import { newId } from '../domain/ids';
import type { Entry } from '../domain/ledger/postings';
import { rows, writesEvents, type Queryable, type Trx } from './db';
import { entriesJson } from './ledger';

export interface Step {
  readonly transition: TransitionId;
  /** Unique within the deal; a repeated step brings its own number, e.g. `X2:1`. Defaults to the transition. */
  readonly key?: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

export interface Change {
  readonly sessionId: string;
  readonly transactionId: string | null;
  readonly state: DealState;
  readonly steps: readonly Step[];
  /** The agent, operator or `aura` that caused it. */
  readonly actor: string;
  readonly events?: readonly DomainEvent[];
  readonly entries?: readonly Entry[];
  readonly audit: { readonly action: string; readonly detail: Readonly<Record<string, unknown>> };
}

/** Applies the steps in order and answers the state after them. Throws where the table does not list a step. */
export async function recordChange(trx: Trx, change: Change): Promise<DealState> {
  let state = change.state;
  const history = change.steps.map((step) => {
    const move = findMove(step.transition, state);
    if (!move) throw new IllegalTransitionError(step.transition, state);
    state = advance(state, step.transition);
    return { ...move, key: step.key ?? step.transition, detail: step.detail ?? {} };
  });
  await write(trx, change, history);
  return state;
}

interface HistoryRow {
  transition: string;
  region: string;
  from: string | null;
  to: string;
  key: string;
  detail: unknown;
}

async function write(trx: Trx, change: Change, history: HistoryRow[]): Promise<void> {
  if (change.events?.length) writesEvents(trx);
  await rows(
    trx,
    `WITH steps AS (
       INSERT INTO state_history (session_id, transaction_id, region, transition, from_state, to_state, key, actor, detail)
       SELECT :session, :transaction, s.region, s.transition, s."from", s."to", s.key, :actor, s.detail
       FROM jsonb_to_recordset(:history::jsonb)
         AS s(region text, transition text, "from" text, "to" text, key text, detail jsonb)
       RETURNING seq
     ), told AS (
       INSERT INTO outbox (id, type, correlation_id, payload)
       SELECT e.id, e.type, e."correlationId", e.payload
       FROM jsonb_to_recordset(:events::jsonb) AS e(id text, type text, "correlationId" text, payload jsonb)
       RETURNING seq
     ), audited AS (
       INSERT INTO audit (id, actor, action, subject, detail)
       VALUES (:audit, :actor, :action, :subject, :detail::jsonb) RETURNING id
     )
     SELECT (SELECT count(*) FROM steps), (SELECT count(*) FROM told), (SELECT count(*) FROM audited),
       ARRAY(SELECT post_entries(:entries::jsonb))`,
    {
      session: change.sessionId,
      transaction: change.transactionId,
      actor: change.actor,
      history: JSON.stringify(history),
      events: eventsJson(change.events ?? []),
      audit: newId('audit'),
      action: change.audit.action,
      subject: change.transactionId ?? change.sessionId,
      detail: JSON.stringify(change.audit.detail),
      entries: entriesJson(change.entries ?? []),
    },
  );
}

function eventsJson(events: readonly DomainEvent[]): string {
  return JSON.stringify(events.map((event) => ({ id: newId('event'), ...event })));
}

/** Events and an audit record without a state change. */
export async function recordEvents(trx: Trx, events: readonly DomainEvent[]): Promise<void> {
  if (events.length > 0) writesEvents(trx);
  await rows(
    trx,
    `INSERT INTO outbox (id, type, correlation_id, payload)
     SELECT e.id, e.type, e."correlationId", e.payload
     FROM jsonb_to_recordset(?::jsonb) AS e(id text, type text, "correlationId" text, payload jsonb)`,
    [eventsJson(events)],
  );
}

export async function recordAudit(
  trx: Trx,
  record: { actor: string; action: string; subject: string; detail: Readonly<Record<string, unknown>> },
): Promise<void> {
  await rows(trx, 'INSERT INTO audit (id, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?::jsonb)', [
    newId('audit'),
    record.actor,
    record.action,
    record.subject,
    JSON.stringify(record.detail),
  ]);
}

/** Whether the deal has taken this step already. The caller holds the session's row. */
export async function hasStep(trx: Trx, sessionId: string, key: string): Promise<boolean> {
  const found = await rows(trx, 'SELECT 1 FROM state_history WHERE session_id = ? AND key = ?', [
    sessionId,
    key,
  ]);
  return found.length > 0;
}

/** The same by the deal, whose row the caller holds. */
export async function hasDealStep(trx: Trx, transactionId: string, key: string): Promise<boolean> {
  const found = await rows(
    trx,
    `SELECT 1 FROM state_history h JOIN transactions t ON t.session_id = h.session_id
     WHERE t.id = ? AND h.key = ?`,
    [transactionId, key],
  );
  return found.length > 0;
}

export interface HistoryEntry {
  transition: string;
  region: 'market' | 'clearing';
  from: string | null;
  to: string;
  at: Date;
  detail: Record<string, unknown>;
}

/** The histories of several sessions, by session id. */
export async function stateHistories(
  db: Queryable,
  sessionIds: readonly string[],
): Promise<Map<string, HistoryEntry[]>> {
  const found = await rows<HistoryEntry & { sessionId: string }>(
    db,
    `SELECT session_id AS "sessionId", transition, region, from_state AS "from", to_state AS "to", at, detail
     FROM state_history WHERE session_id = ANY(?) ORDER BY seq`,
    [[...sessionIds]],
  );
  const bySession = new Map<string, HistoryEntry[]>(sessionIds.map((id) => [id, []]));
  for (const { sessionId, ...entry } of found) bySession.get(sessionId)?.push(entry);
  return bySession;
}

export function stateHistory(db: Queryable, sessionId: string): Promise<HistoryEntry[]> {
  return rows<HistoryEntry>(
    db,
    `SELECT transition, region, from_state AS "from", to_state AS "to", at, detail
     FROM state_history WHERE session_id = ? ORDER BY seq`,
    [sessionId],
  );
}
