/** Money of principals beside their deals: payouts, withdrawals, debts, and being let back in. */
import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import { isId } from '../../domain/ids';
import { formatMoney } from '../../domain/money';
import { findAgentWithKey, reinstateAgent } from '../../store/agents';
import { inTransaction, rows } from '../../store/db';
import { insertPayable, isQueued, payoutsOf, setPayoutSchedule } from '../../store/payouts';
import { findPrincipal, lockPrincipals, reinstatePrincipal } from '../../store/principals';
import { listRecoveries, openMinor, type Recovery } from '../../store/recoveries';
import { recordAudit, recordEvents } from '../../store/states';
import type { PayoutInput } from '../../workflows/messages';
import { requireSelf } from '../own-agent';
import { route, type Route } from '../route';
import {
  payoutScheduleRequest,
  payoutScheduleResponse,
  payoutsResponse,
  recoveriesQuery,
  recoveriesResponse,
  reinstateParams,
  reinstateRequest,
  reinstateResponse,
  withdrawalRequest,
  withdrawalResponse,
} from '../schemas/aftermath';
import { listQuery } from '../schemas/clearing';
import { beaconParams } from '../schemas/common';
import { startOnce } from '../workflows';
import { readAmount } from './agents';

const PARTIES = ['scout', 'beacon'] as const;

export function treasuryRoutes(): Route[] {
  return [payouts, withdraw, schedule, recoveries, reinstate];
}

const payouts = route<unknown, z.infer<typeof listQuery>>({
  method: 'get',
  path: '/v1/accounts/payouts',
  summary: "The principal's payouts, with the deals in each",
  tag: 'Money',
  access: PARTIES,
  query: listQuery,
  response: { status: 200, schema: payoutsResponse, description: 'The payouts, newest first' },
  errors: ['INVALID_PARAMETER'],
  async handler({ query, agent, deps }) {
    const found = await payoutsOf(deps.db, agent.principalId, query.limit);
    return {
      status: 200,
      body: {
        payouts: found.map((payout) => ({
          payout_id: payout.id,
          rail: payout.rail,
          amount: formatMoney(payout),
          currency: payout.asset,
          status: payout.status,
          created_at: payout.createdAt.toISOString(),
          parts: payout.parts.map(({ transactionId, amountMinor }) => ({
            transaction_id: transactionId,
            amount: formatMoney({ amountMinor: BigInt(amountMinor), asset: payout.asset }),
          })),
        })),
      },
    };
  },
});

const withdraw = route<unknown, unknown, z.infer<typeof withdrawalRequest>>({
  method: 'post',
  path: '/v1/accounts/withdrawals',
  summary: 'Have free balance paid out',
  tag: 'Money',
  access: PARTIES,
  body: withdrawalRequest,
  response: { status: 202, schema: withdrawalResponse, description: 'It goes out with the next payout' },
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER', 'IDEMPOTENCY_CONFLICT', 'SERVICE_UNAVAILABLE'],
  creates: { kind: 'payout', movesMoney: true },
  async handler({ body, agent, deps, subjectId }) {
    const amountMinor = readAmount(body.amount, body.currency, 'amount');
    const { principalId } = agent;
    await inTransaction(deps.db, async (trx) => {
      await lockPrincipals(trx, [principalId]);
      if (await isQueued(trx, subjectId)) return;
      const [account] = await rows<{ free: string; queued: string }>(
        trx,
        `SELECT coalesce(max(balance_minor), 0) AS free,
           (SELECT coalesce(sum(amount_minor), 0) FROM payables
            WHERE principal_id = :principal AND asset = :asset AND payout_id IS NULL) AS queued
         FROM accounts WHERE owner = :principal AND kind = 'collateral' AND asset = :asset`,
        { principal: principalId, asset: body.currency },
      );
      const free = BigInt(account?.free ?? 0) - BigInt(account?.queued ?? 0);
      if (amountMinor > free) {
        const shown = formatMoney({ amountMinor: free > 0n ? free : 0n, asset: body.currency });
        throw new AuraError('INVALID_PARAMETER', `amount: ${shown} is free`, {
          field: 'amount',
          free: shown,
        });
      }
      await insertPayable(trx, { requestId: subjectId, principalId, asset: body.currency, amountMinor });
      await recordAudit(trx, {
        actor: agent.id,
        action: 'withdrawal.requested',
        subject: principalId,
        detail: { amount_minor: amountMinor.toString(), asset: body.currency },
      });
    });
    await startOnce<PayoutInput>(deps.temporal, {
      type: 'payout',
      id: `payout-${subjectId}`,
      input: { principalId, asset: body.currency, runId: subjectId },
    });
    const amount = formatMoney({ amountMinor, asset: body.currency });
    return { status: 202, body: { amount, currency: body.currency, status: 'queued' } };
  },
});

const schedule = route<z.infer<typeof beaconParams>, unknown, z.infer<typeof payoutScheduleRequest>>({
  method: 'put',
  path: '/v1/beacons/:beacon_id/payout-schedule',
  summary: 'How often released proceeds are paid out',
  tag: 'Money',
  access: ['beacon'],
  params: beaconParams,
  body: payoutScheduleRequest,
  response: { status: 200, schema: payoutScheduleResponse, description: 'The schedule from now on' },
  errors: ['INVALID_REQUEST', 'AGENT_NOT_FOUND'],
  async handler({ params, body, agent, deps }) {
    await requireSelf(deps.db, params.beacon_id, agent);
    await inTransaction(deps.db, async (trx) => {
      await setPayoutSchedule(trx, agent.id, body.payout_schedule);
      const detail = { payout_schedule: body.payout_schedule };
      await recordAudit(trx, { actor: agent.id, action: 'payout_schedule.set', subject: agent.id, detail });
    });
    return { status: 200, body: { beacon_id: agent.id, payout_schedule: body.payout_schedule } };
  },
});

const recoveries = route<unknown, z.infer<typeof recoveriesQuery>>({
  method: 'get',
  path: '/v1/recoveries',
  summary: 'Debts after reversals: what was owed, and every cent that made up for it',
  tag: 'Operations',
  access: ['operator'],
  query: recoveriesQuery,
  response: { status: 200, schema: recoveriesResponse, description: 'The debts, newest first' },
  errors: ['INVALID_PARAMETER'],
  async handler({ query, deps }) {
    const found = await listRecoveries(deps.db, query);
    return { status: 200, body: { recoveries: found.map(recoveryView) } };
  },
});

export function recoveryView(recovery: Recovery) {
  const { asset, covered } = recovery;
  const show = (amountMinor: bigint) => formatMoney({ amountMinor, asset });
  return {
    recovery_id: recovery.id,
    transaction_id: recovery.transactionId,
    principal_id: recovery.principalId,
    currency: asset,
    cause: recovery.cause,
    status: recovery.status,
    owed: show(recovery.owedMinor),
    from_margin: show(covered.marginMinor),
    from_collateral: show(covered.collateralMinor),
    from_default_fund: show(covered.defaultFundMinor),
    from_capital: show(covered.capitalMinor),
    open: show(openMinor(recovery)),
    call_until: recovery.callUntil.toISOString(),
    created_at: recovery.createdAt.toISOString(),
  };
}

const reinstate = route<z.infer<typeof reinstateParams>, unknown, z.infer<typeof reinstateRequest>>({
  method: 'post',
  path: '/v1/reinstatements/:id',
  summary: 'Let a suspended agent or principal back in',
  tag: 'Operations',
  access: ['operator'],
  params: reinstateParams,
  body: reinstateRequest,
  response: { status: 200, schema: reinstateResponse, description: 'It is active again' },
  errors: ['INVALID_REQUEST', 'AGENT_NOT_FOUND', 'PRINCIPAL_NOT_FOUND', 'SESSION_STATE_CONFLICT'],
  async handler({ params, body, agent, deps }) {
    const { id } = params;
    const isPrincipal = isId('principal', id);
    if (isPrincipal ? !(await findPrincipal(deps.db, id)) : !(await findAgentWithKey(deps.db, id))) {
      throw new AuraError(isPrincipal ? 'PRINCIPAL_NOT_FOUND' : 'AGENT_NOT_FOUND');
    }
    await inTransaction(deps.db, async (trx) => {
      const done = isPrincipal ? await reinstatePrincipal(trx, id) : await reinstateAgent(trx, id);
      if (!done) throw new AuraError('SESSION_STATE_CONFLICT', 'It is not suspended.', { id });
      await recordEvents(trx, [{ type: 'agent.reinstated', correlationId: id, payload: { id } }]);
      await recordAudit(trx, {
        actor: agent.id,
        action: 'reinstated',
        subject: id,
        detail: { reason: body.reason },
      });
    });
    return { status: 200, body: { id, status: 'active' } };
  },
});
