/** What operators decide about lines and breaks. Each decision has a reason and is audited. */
import type { z } from 'zod';
import { AuraError, toError } from '../../domain/errors';
import { formatMoney } from '../../domain/money';
import { inTransaction } from '../../store/db';
import { decideMatch, findBreak, resolveBreak } from '../../store/reconciliation';
import { recordAudit } from '../../store/states';
import { statementMatched } from '../../workflows/messages';
import type { ApiDeps } from '../deps';
import { route, type Route } from '../route';
import {
  breakParams,
  breakView as breakSchema,
  matchRequest,
  matchResponse,
  resolveRequest,
} from '../schemas/reconciliation';
import { breakView } from '../views/reconciliation';

export function decisionRoutes(): Route[] {
  return [match, resolve];
}

const match = route<unknown, unknown, z.infer<typeof matchRequest>>({
  method: 'post',
  path: '/v1/reconciliation/matches',
  summary:
    'Match statement lines with instructions or notices by hand; with neither, accept them into suspense',
  tag: 'Finance',
  access: ['operator'],
  body: matchRequest,
  response: { status: 201, schema: matchResponse, description: 'The match and the difference it left' },
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER', 'INSUFFICIENT_PERMISSIONS'],
  async handler({ body, agent, deps }) {
    const decided = await inTransaction(deps.db, (trx) =>
      decideMatch(trx, {
        operatorId: agent.id,
        reason: body.reason,
        lines: body.lines,
        instructionIds: body.instruction_ids,
        noticeIds: body.notice_ids,
        shortageTo: body.difference_to,
      }),
    );
    if (decided.outcome === 'refused') throw toError(decided.refusal);
    await Promise.all(decided.cleared.map((transactionId) => tell(deps, transactionId)));
    const { asset, differenceMinor: amountMinor } = decided;
    const isAccepted = body.instruction_ids.length + body.notice_ids.length === 0;
    return {
      status: 201,
      body: {
        match_id: decided.matchId,
        rule: isAccepted ? 'accepted' : 'operator',
        currency: asset,
        difference: formatMoney({ amountMinor, asset }),
      },
    };
  },
});

/** The deal's workflow waits for its line; if it has ended, the state in the database is what counts. */
async function tell({ temporal }: ApiDeps, transactionId: string): Promise<void> {
  await temporal.workflow
    .getHandle(transactionId)
    .signal(statementMatched)
    .catch(() => undefined);
}

const resolve = route<z.infer<typeof breakParams>, unknown, z.infer<typeof resolveRequest>>({
  method: 'post',
  path: '/v1/reconciliation/breaks/:break_id/resolve',
  summary: 'Close a break that needs nothing more, with a reason; it stays closed',
  tag: 'Finance',
  access: ['operator'],
  params: breakParams,
  body: resolveRequest,
  response: { status: 200, schema: breakSchema, description: 'The break as it is now' },
  errors: [
    'INVALID_REQUEST',
    'INVALID_PARAMETER',
    'INSUFFICIENT_PERMISSIONS',
    'RESOURCE_NOT_FOUND',
    'SESSION_STATE_CONFLICT',
  ],
  async handler({ params, body, agent, deps }) {
    const { break_id: breakId } = params;
    const { reason } = body;
    const resolved = await inTransaction(deps.db, async (trx) => {
      const found = await resolveBreak(trx, { breakId, operatorId: agent.id, reason });
      if (!found) return undefined;
      const { kind, rail } = found;
      await recordAudit(trx, {
        actor: agent.id,
        action: 'reconciliation.break_resolved',
        subject: breakId,
        detail: { kind, rail, reason },
      });
      return found;
    });
    if (resolved) return { status: 200, body: breakView(resolved, new Date()) };
    if (await findBreak(deps.db, breakId))
      throw new AuraError('SESSION_STATE_CONFLICT', 'The break is closed already.', { field: 'break_id' });
    throw new AuraError('RESOURCE_NOT_FOUND', 'There is no such break.', { field: 'break_id' });
  },
});
