/** Payments that are stuck between instruction and proof, what is done about them, and operators' decisions. */
import type { ExceptionCause, ExceptionStep, OperatorAction } from '../domain/clearing/exceptions';
import { newId } from '../domain/ids';
import type { RailName } from '../domain/settlement';
import { rows, type Queryable, type Trx } from './db';

export interface PaymentException {
  id: string;
  subjectId: string;
  transactionId: string | null;
  instructionId: string | null;
  workflowId: string;
  rail: RailName;
  cause: ExceptionCause;
  detail: string;
  doing: string;
  inquiries: number;
  status: 'open' | 'resolved';
  resolution: string | null;
  openedAt: Date;
  resolvedAt: Date | null;
}

const COLUMNS = `id, subject_id AS "subjectId", transaction_id AS "transactionId", instruction_id AS "instructionId", workflow_id AS "workflowId", rail,
  cause, detail, doing, inquiries, status, resolution, opened_at AS "openedAt", resolved_at AS "resolvedAt"`;

export interface OpenException {
  subjectId: string;
  transactionId: string | null;
  instructionId: string;
  /** Which workflow waits for an operator's decision. */
  workflowId: string;
  rail: RailName;
  cause: ExceptionCause;
  detail: string;
  /** What is being done about it. */
  doing: string;
  inquiries: number;
}

/** Opens an exception, or brings the open one of the subject up to date. */
export async function openException(trx: Trx, open: OpenException): Promise<void> {
  await trx.raw(
    `INSERT INTO exceptions (id, subject_id, transaction_id, instruction_id, workflow_id, rail, cause,
       detail, doing, inquiries) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (subject_id) WHERE status = 'open'
     DO UPDATE SET instruction_id = excluded.instruction_id, workflow_id = excluded.workflow_id, rail = excluded.rail, cause = excluded.cause,
       detail = excluded.detail, doing = excluded.doing, inquiries = excluded.inquiries`,
    [
      newId('exception'),
      open.subjectId,
      open.transactionId,
      open.instructionId,
      open.workflowId,
      open.rail,
      open.cause,
      open.detail.slice(0, 2000),
      open.doing,
      open.inquiries,
    ],
  );
}

export async function resolveException(trx: Trx, subjectId: string, resolution: string): Promise<void> {
  await trx('exceptions')
    .where({ subject_id: subjectId, status: 'open' })
    .update({ status: 'resolved', resolution: resolution.slice(0, 2000), resolved_at: trx.fn.now() });
}

export async function lockException(trx: Trx, id: string): Promise<PaymentException | undefined> {
  const [found] = await rows<PaymentException>(
    trx,
    `SELECT ${COLUMNS} FROM exceptions WHERE id = ? FOR UPDATE`,
    [id],
  );
  return found;
}

export function listExceptions(
  db: Queryable,
  filter: { status?: string; rail?: string; transactionId?: string; limit: number },
): Promise<PaymentException[]> {
  return rows<PaymentException>(
    db,
    `SELECT ${COLUMNS} FROM exceptions
     WHERE (:status::text IS NULL OR status = :status) AND (:rail::text IS NULL OR rail = :rail)
       AND (:transaction::text IS NULL OR transaction_id = :transaction)
     ORDER BY opened_at DESC, id DESC LIMIT :limit`,
    {
      status: filter.status ?? null,
      rail: filter.rail ?? null,
      transaction: filter.transactionId ?? null,
      limit: filter.limit,
    },
  );
}

/** Whether the decision was taken before, by a request whose answer was lost. */
export async function isDecided(trx: Trx, decisionId: string): Promise<boolean> {
  return (await rows(trx, 'SELECT 1 FROM operator_decisions WHERE id = ?', [decisionId])).length > 0;
}

/** False where another decision still waits to be carried out. */
export async function insertDecision(
  trx: Trx,
  decision: {
    id: string;
    exceptionId: string;
    operatorId: string;
    action: OperatorAction;
    reason: string;
    signedRequest: Readonly<Record<string, unknown>>;
  },
): Promise<boolean> {
  const inserted = await rows(
    trx,
    `INSERT INTO operator_decisions (id, exception_id, operator_id, action, reason, signed_request)
     VALUES (?, ?, ?, ?, ?, ?::jsonb) ON CONFLICT DO NOTHING RETURNING 1`,
    [
      decision.id,
      decision.exceptionId,
      decision.operatorId,
      decision.action,
      decision.reason,
      JSON.stringify(decision.signedRequest),
    ],
  );
  return inserted.length > 0;
}

export interface Decided {
  action: OperatorAction;
  operatorId: string;
  reason: string;
}

/** What is being done once it is decided. */
const STEP_OF: Readonly<Record<OperatorAction, ExceptionStep>> = {
  inquire: 'inquire',
  confirm_unexecuted: 'give_up',
  send_back: 'send_back',
};

/**
 * Takes the decision that waits for a subject's open exception; from then on nobody decides until it is an operator's
 * turn again. One that was taken by an attempt which did not live to act on it is taken again.
 */
export async function takeDecision(trx: Trx, subjectId: string): Promise<Decided | undefined> {
  const [found] = await rows<Decided & { id: string; exceptionId: string }>(
    trx,
    `SELECT d.id, d.action, d.operator_id AS "operatorId", d.reason, e.id AS "exceptionId"
     FROM exceptions e JOIN operator_decisions d ON d.exception_id = e.id
     WHERE e.subject_id = ? AND e.status = 'open' AND (d.taken_at IS NULL OR e.doing <> 'operator')
     ORDER BY d.taken_at DESC NULLS FIRST LIMIT 1 FOR UPDATE OF e`,
    [subjectId],
  );
  if (!found) return undefined;
  const { id, exceptionId, ...decided } = found;
  await Promise.all([
    rows(trx, 'UPDATE operator_decisions SET taken_at = now() WHERE id = ? AND taken_at IS NULL', [id]),
    rows(trx, 'UPDATE exceptions SET doing = ? WHERE id = ?', [STEP_OF[decided.action], exceptionId]),
  ]);
  return decided;
}
