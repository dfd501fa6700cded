/** Payments that are stuck, and operators' decisions about them. */
import type { z } from 'zod';
import { allowedActions } from '../../domain/clearing/exceptions';
import { AuraError } from '../../domain/errors';
import { RAIL_TERMS } from '../../domain/rail-terms';
import { databaseNow } from '../../store/clock';
import { inTransaction, type Queryable } from '../../store/db';
import {
  insertDecision,
  isDecided,
  listExceptions,
  lockException,
  type PaymentException,
} from '../../store/exceptions';
import { findInstruction } from '../../store/instructions';
import { recordAudit } from '../../store/states';
import { operatorDecided } from '../../workflows/messages';
import { route, type Route } from '../route';
import {
  decisionRequest,
  decisionResponse,
  exceptionParams,
  exceptionsQuery,
  exceptionsResponse,
} from '../schemas/aftermath';
import { tell } from '../workflows';

export function exceptionRoutes(): Route[] {
  return [exceptions, decide];
}

const exceptions = route<unknown, z.infer<typeof exceptionsQuery>>({
  method: 'get',
  path: '/v1/exceptions',
  summary: 'Payments that are stuck, and what is being done about each',
  tag: 'Operations',
  access: ['operator'],
  query: exceptionsQuery,
  response: { status: 200, schema: exceptionsResponse, description: 'The exceptions, newest first' },
  errors: ['INVALID_PARAMETER'],
  async handler({ query, deps }) {
    const { transaction_id: transactionId, ...rest } = query;
    const found = await listExceptions(deps.db, { ...rest, transactionId });
    const now = await databaseNow(deps.db);
    const views = await Promise.all(found.map((exception) => exceptionView(deps.db, exception, now)));
    return { status: 200, body: { exceptions: views } };
  },
});

async function exceptionView(db: Queryable, exception: PaymentException, now: Date) {
  return {
    exception_id: exception.id,
    subject_id: exception.subjectId,
    transaction_id: exception.transactionId,
    instruction_id: exception.instructionId,
    rail: exception.rail,
    cause: exception.cause,
    detail: exception.detail,
    doing: exception.doing,
    inquiries: exception.inquiries,
    status: exception.status,
    resolution: exception.resolution,
    allowed_actions: await actionsFor(db, exception, now),
    opened_at: exception.openedAt.toISOString(),
    resolved_at: exception.resolvedAt?.toISOString() ?? null,
  };
}

/** Only what waits for an operator is decided by one; the rest is still being asked about. */
async function actionsFor(db: Queryable, exception: PaymentException, now: Date) {
  if (exception.status !== 'open' || exception.doing !== 'operator' || !exception.instructionId) return [];
  const stored = await findInstruction(db, exception.instructionId);
  if (!stored) return [];
  const expiresAt = Date.parse(stored.instruction.expires_at);
  const conclusiveAt = new Date(expiresAt + RAIL_TERMS[exception.rail].maxDelayMs);
  const allowed = allowedActions(exception.cause, { now, conclusiveAt });
  // Only what came in for a deal can be sent back.
  const isDeal = exception.subjectId === exception.transactionId;
  return isDeal ? allowed : allowed.filter((action) => action !== 'send_back');
}

const decide = route<z.infer<typeof exceptionParams>, unknown, z.infer<typeof decisionRequest>>({
  method: 'post',
  path: '/v1/exceptions/:exception_id/decisions',
  summary: 'Decide about a payment that is stuck',
  tag: 'Operations',
  access: ['operator'],
  params: exceptionParams,
  body: decisionRequest,
  response: { status: 201, schema: decisionResponse, description: 'The decision, kept with its signature' },
  errors: [
    'INVALID_REQUEST',
    'RESOURCE_NOT_FOUND',
    'SESSION_STATE_CONFLICT',
    'IDEMPOTENCY_CONFLICT',
    'SERVICE_UNAVAILABLE',
  ],
  creates: { kind: 'decision', movesMoney: true },
  async handler({ params, body, rawBody, headers, method, target, agent, deps, subjectId }) {
    const workflowId = await inTransaction(deps.db, async (trx) => {
      const exception = await lockException(trx, params.exception_id);
      if (!exception) throw new AuraError('RESOURCE_NOT_FOUND', 'There is no such exception.');
      // Decided before a crash, under the same key: the workflow may still have to be told.
      if (await isDecided(trx, subjectId)) return exception.workflowId;
      const allowed = await actionsFor(trx, exception, await databaseNow(trx));
      if (!allowed.includes(body.action)) {
        throw new AuraError('SESSION_STATE_CONFLICT', `${body.action} is not possible now.`, {
          status: exception.status,
          doing: exception.doing,
          allowed_actions: allowed,
        });
      }
      const stored = await insertDecision(trx, {
        id: subjectId,
        exceptionId: exception.id,
        operatorId: agent.id,
        action: body.action,
        reason: body.reason,
        signedRequest: {
          method,
          target,
          body: rawBody,
          timestamp: headers['x-timestamp'] ?? null,
          signature: headers['x-signature'] ?? null,
        },
      });
      if (!stored) throw new AuraError('SESSION_STATE_CONFLICT', 'Another decision is being carried out.');
      await recordAudit(trx, {
        actor: agent.id,
        action: 'exception.decided',
        subject: exception.subjectId,
        detail: { exception_id: exception.id, action: body.action, reason: body.reason },
      });
      return exception.workflowId;
    });
    await tell(deps.temporal, workflowId, operatorDecided);
    const { exception_id } = params;
    return {
      status: 201,
      body: { decision_id: subjectId, exception_id, action: body.action, reason: body.reason },
    };
  },
});
