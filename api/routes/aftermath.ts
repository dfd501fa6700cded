/** Ending a deal, giving money back, and contesting a chargeback. */
import type { z } from 'zod';
import { sha256Hex } from '../../domain/canonical';
import { AuraError, toError } from '../../domain/errors';
import { newId } from '../../domain/ids';
import { bpsOf, formatMoney } from '../../domain/money';
import { costBps } from '../../domain/profiles';
import { VERSION_1 } from '../../domain/versions';
import { insertCancellation } from '../../store/cancellations';
import { databaseNow } from '../../store/clock';
import { inTransaction } from '../../store/db';
import { noticesOf } from '../../store/notices';
import { findRefund, type Refund } from '../../store/refunds';
import { recordAudit } from '../../store/states';
import { lockDeal } from '../../store/transactions';
import {
  dealChanged,
  refundDecided,
  type RefundAnswer,
  type RefundInput,
  type RepresentmentAnswer,
  type RepresentmentInput,
} from '../../workflows/messages';
import type { ApiDeps } from '../deps';
import { route, type Route } from '../route';
import {
  cancelQuery,
  cancelRequest,
  refundRequest,
  refundResponse,
  representmentRequest,
  representmentResponse,
} from '../schemas/aftermath';
import { transactionParams, transactionResponse } from '../schemas/clearing';
import { cancelResponse1 } from '../schemas/clearing-1';
import { transactionView } from '../views/clearing';
import { cancelledView1 } from '../views/clearing-1';
import { startAndAsk, startOnce, tell } from '../workflows';
import { readAmount } from './agents';
import { myDeal } from './transactions';

const REFUND_WAIT_MS = 10_000;

export function aftermathRoutes(): Route[] {
  return [cancel, refund, contest];
}

const NO_REASON = 'not wanted any more';

const cancel = route<
  z.infer<typeof transactionParams>,
  z.infer<typeof cancelQuery>,
  z.infer<typeof cancelRequest>
>({
  method: 'delete',
  path: '/v1/transactions/:transaction_id',
  summary: 'Cancel a deal before fulfilment, or give all of it back after',
  tag: 'Clearing',
  access: ['scout', 'beacon'],
  params: transactionParams,
  query: cancelQuery,
  body: cancelRequest,
  response: {
    status: 200,
    schema: transactionResponse,
    version1: cancelResponse1,
    description: 'The deal; a payment in flight is cancelled once it is known what became of it',
  },
  errors: [
    'INVALID_REQUEST',
    'INVALID_PARAMETER',
    'TRANSACTION_NOT_FOUND',
    'SESSION_STATE_CONFLICT',
    'SERVICE_UNAVAILABLE',
  ],
  async handler({ params, query, body, agent, deps, version }) {
    const deal = await myDeal(deps, params.transaction_id, agent);
    const reason = body.reason ?? query.reason ?? NO_REASON;
    const after = async () => {
      const changed = await myDeal(deps, deal.id, agent);
      const view =
        version === VERSION_1
          ? await cancelledView1(deps.db, changed)
          : await transactionView(deps.db, changed, agent);
      return { status: 200, body: view };
    };
    if (deal.marketState === 'cancelled') return after();
    const fulfilled = deal.marketState === 'fulfilled' || deal.marketState === 'completed';
    if (fulfilled && agent.role === 'beacon') {
      const order = {
        transactionId: deal.id,
        amountMinor: null,
        reason,
        requestedBy: agent.id,
      };
      await askForRefund(deps, newId('refund'), { order });
      return after();
    }
    await inTransaction(deps.db, async (trx) => {
      const locked = await lockDeal(trx, deal.id);
      if (locked.marketState !== 'committed') {
        const why = `The deal is ${locked.marketState}: ${fulfilled ? 'file a dispute instead' : 'it cannot be cancelled any more'}.`;
        throw new AuraError('SESSION_STATE_CONFLICT', why, { status: locked.marketState });
      }
      const penaltyBps = costBps(deps.profiles[locked.profileId], 'commit', 'cancellation');
      await insertCancellation(trx, {
        transactionId: deal.id,
        requestedBy: agent.id,
        principalId: agent.principalId,
        reason,
        comments: body.comments ?? null,
        penaltyMinor: bpsOf(locked.totalMinor, penaltyBps),
      });
      await recordAudit(trx, {
        actor: agent.id,
        action: 'cancellation.requested',
        subject: deal.id,
        detail: { penalty_bps: penaltyBps.toString() },
      });
    });
    await tell(deps.temporal, deal.id, dealChanged);
    return after();
  },
});

const refund = route<z.infer<typeof transactionParams>, unknown, z.infer<typeof refundRequest>>({
  method: 'post',
  path: '/v1/transactions/:transaction_id/refunds',
  summary: 'Give the buyer back all or a part of what it paid',
  tag: 'Clearing',
  access: ['beacon', 'operator'],
  params: transactionParams,
  body: refundRequest,
  response: { status: 201, schema: refundResponse, description: 'The refund, owed from now on' },
  errors: [
    'INVALID_REQUEST',
    'INVALID_PARAMETER',
    'TRANSACTION_NOT_FOUND',
    'SESSION_STATE_CONFLICT',
    'IDEMPOTENCY_CONFLICT',
    'SERVICE_UNAVAILABLE',
  ],
  creates: { kind: 'refund', movesMoney: true },
  async handler({ params, body, agent, deps, subjectId }) {
    const deal = await myDeal(deps, params.transaction_id, agent);
    const amountMinor =
      body.amount === undefined ? null : readAmount(body.amount, deal.asset, 'amount').toString();
    const order = { transactionId: deal.id, amountMinor, reason: body.reason, requestedBy: agent.id };
    await askForRefund(deps, subjectId, { order });
    const granted = await findRefund(deps.db, subjectId);
    if (!granted) throw new AuraError('SERVICE_UNAVAILABLE', 'The refund is not decided yet; try again.');
    return { status: 201, body: refundView(granted) };
  },
});

const contest = route<z.infer<typeof transactionParams>, unknown, z.infer<typeof representmentRequest>>({
  method: 'post',
  path: '/v1/transactions/:transaction_id/representments',
  summary: 'Contest the chargeback of a deal before its deadline',
  tag: 'Clearing',
  access: ['beacon', 'operator'],
  params: transactionParams,
  body: representmentRequest,
  response: { status: 201, schema: representmentResponse, description: 'What the processor answered' },
  errors: ['INVALID_REQUEST', 'TRANSACTION_NOT_FOUND', 'SESSION_STATE_CONFLICT', 'SERVICE_UNAVAILABLE'],
  creates: { kind: 'notice', movesMoney: false },
  async handler({ params, body, agent, deps, subjectId }) {
    const deal = await myDeal(deps, params.transaction_id, agent);
    const [chargeback] = (await noticesOf(deps.db, deal.id))
      .filter(({ statement, effect }) => statement.kind === 'chargeback' && effect === 'reversed')
      .toReversed();
    if (!chargeback) {
      throw new AuraError('SESSION_STATE_CONFLICT', 'There is no chargeback to contest.', {
        clearing_status: deal.clearingState,
      });
    }
    const { statement } = chargeback;
    const { respond_by: until } = statement;
    if (until !== undefined && new Date(until) <= (await databaseNow(deps.db))) {
      throw new AuraError('SESSION_STATE_CONFLICT', `It could be contested until ${until}.`, { until });
    }
    const answer = await runRepresentment(deps, subjectId, {
      rail: statement.rail,
      contest: {
        noticeId: statement.notice_id,
        instructionId: statement.instruction_id,
        statement: body.statement,
        evidenceSha256: body.evidence_sha256 ?? sha256Hex(body.statement),
      },
    });
    await inTransaction(deps.db, (trx) =>
      recordAudit(trx, {
        actor: agent.id,
        action: 'chargeback.contested',
        subject: deal.id,
        detail: { notice_id: chargeback.id, outcome: answer.outcome },
      }),
    );
    return { status: 201, body: { transaction_id: deal.id, ...answer } };
  },
});

const REPRESENTMENT_WAIT_MS = 30_000;

async function runRepresentment(
  { temporal }: ApiDeps,
  id: string,
  input: RepresentmentInput,
): Promise<RepresentmentAnswer> {
  try {
    await startOnce<RepresentmentInput>(temporal, { type: 'representment', id: `contest-${id}`, input });
    return await temporal.withDeadline(Date.now() + REPRESENTMENT_WAIT_MS, async () => {
      const handle = temporal.workflow.getHandle(`contest-${id}`);
      return (await handle.result()) as RepresentmentAnswer;
    });
  } catch (cause) {
    throw Object.assign(new AuraError('SERVICE_UNAVAILABLE', 'The rail does not answer; try again.'), {
      cause,
    });
  }
}

async function askForRefund(
  deps: ApiDeps,
  refundId: string,
  input: Omit<RefundInput, 'refundId'>,
): Promise<void> {
  const answer = await startAndAsk<RefundAnswer, RefundInput>(
    deps.temporal,
    { type: 'refund', id: `refund-${refundId}`, input: { refundId, ...input } },
    refundDecided,
    REFUND_WAIT_MS,
  );
  if (answer?.outcome === 'refused') throw toError(answer.refusal);
}

export function refundView(found: Refund) {
  return {
    refund_id: found.id,
    transaction_id: found.transactionId,
    amount: formatMoney(found),
    currency: found.asset,
    cause: found.cause,
    reason: found.reason,
    status: found.status,
    created_at: found.createdAt.toISOString(),
  };
}
