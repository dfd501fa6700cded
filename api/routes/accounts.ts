import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import { formatMoney } from '../../domain/money';
import { inTransaction } from '../../store/db';
import { findDeposit, insertDeposit, type Deposit } from '../../store/deposits';
import { balancesOf } from '../../store/ledger';
import { findMandate, useMandate, type Mandate } from '../../store/payment-accounts';
import { recordAudit } from '../../store/states';
import { openMarginCalls } from '../../store/transactions';
import type { DepositInput } from '../../workflows/messages';
import { route, type Route } from '../route';
import { accountsResponse, depositParams, depositRequest, depositResponse } from '../schemas/parties';
import { balanceView } from '../views/clearing';
import { startOnce } from '../workflows';
import { readAmount } from './agents';

const ANYONE = ['scout', 'beacon', 'operator'] as const;
const PARTIES = ['scout', 'beacon'] as const;

export function accountRoutes(): Route[] {
  return [accounts, deposit, getDeposit];
}

const accounts = route({
  method: 'get',
  path: '/v1/accounts',
  summary: "The ledger accounts of the agent's principal",
  tag: 'Money',
  access: ANYONE,
  response: { status: 200, schema: accountsResponse, description: 'Balances in their normal direction' },
  errors: [],
  async handler({ agent, deps }) {
    const [balances, calls] = await Promise.all([
      balancesOf(deps.db, agent.principalId),
      openMarginCalls(deps.db, agent.principalId),
    ]);
    return {
      status: 200,
      body: {
        principal_id: agent.principalId,
        accounts: balances
          .map(balanceView)
          .map(({ kind, currency, balance }) => ({ kind, currency, balance })),
        open_margin_calls: calls,
      },
    };
  },
});

const deposit = route<unknown, unknown, z.infer<typeof depositRequest>>({
  method: 'post',
  path: '/v1/accounts/deposits',
  summary: 'Pay own money in as collateral, under a mandate',
  tag: 'Money',
  access: PARTIES,
  body: depositRequest,
  response: { status: 202, schema: depositResponse, description: 'The deposit, on its way' },
  errors: [
    'INVALID_REQUEST',
    'INVALID_PARAMETER',
    'RESOURCE_NOT_FOUND',
    'IDEMPOTENCY_CONFLICT',
    'SERVICE_UNAVAILABLE',
  ],
  creates: { kind: 'deposit', movesMoney: true },
  async handler({ body, agent, deps, subjectId }) {
    const amountMinor = readAmount(body.amount, body.currency, 'amount');
    const mandate = await findMandate(deps.db, body.mandate_id);
    if (mandate?.principalId !== agent.principalId) {
      throw new AuraError('RESOURCE_NOT_FOUND', 'There is no such mandate.', { field: 'mandate_id' });
    }
    if (!(await findDeposit(deps.db, subjectId))) {
      checkMandate(mandate, body.currency, amountMinor);
      await inTransaction(deps.db, async (trx) => {
        if (!(await useMandate(trx, mandate.id, amountMinor)))
          notCovered('the mandate does not cover the amount');
        await insertDeposit(trx, {
          id: subjectId,
          principalId: agent.principalId,
          agentId: agent.id,
          rail: mandate.rail,
          mandateId: mandate.id,
          asset: body.currency,
          amountMinor,
        });
        await recordAudit(trx, {
          actor: agent.id,
          action: 'deposit.requested',
          subject: subjectId,
          detail: { amount_minor: amountMinor.toString(), asset: body.currency },
        });
      });
    }
    await startOnce<DepositInput>(deps.temporal, {
      type: 'deposit',
      id: subjectId,
      input: { depositId: subjectId },
    });
    const stored = await findDeposit(deps.db, subjectId);
    if (!stored) throw new Error('the deposit was not stored');
    return { status: 202, body: depositView(stored) };
  },
});

function checkMandate(mandate: Mandate, asset: string, amountMinor: bigint): void {
  const left = mandate.ceilingMinor - mandate.usedMinor;
  const reason =
    mandate.status !== 'accepted'
      ? `the mandate is ${mandate.status}`
      : mandate.asset !== asset
        ? `the mandate is for ${mandate.asset}`
        : mandate.expiresAt <= new Date()
          ? 'the mandate has expired'
          : amountMinor > left
            ? 'the mandate does not cover the amount'
            : undefined;
  if (reason) notCovered(reason);
}

function notCovered(reason: string): never {
  throw new AuraError('INVALID_PARAMETER', `mandate_id: ${reason}`, { field: 'mandate_id', reason });
}

const getDeposit = route<z.infer<typeof depositParams>>({
  method: 'get',
  path: '/v1/accounts/deposits/:deposit_id',
  summary: "A deposit of the agent's principal",
  tag: 'Money',
  access: PARTIES,
  params: depositParams,
  response: { status: 200, schema: depositResponse, description: 'The deposit' },
  errors: ['RESOURCE_NOT_FOUND'],
  async handler({ params, agent, deps }) {
    const found = await findDeposit(deps.db, params.deposit_id);
    if (found?.principalId !== agent.principalId)
      throw new AuraError('RESOURCE_NOT_FOUND', 'There is no such deposit.');
    return { status: 200, body: depositView(found) };
  },
});

function depositView(found: Deposit) {
  return {
    deposit_id: found.id,
    status: found.status,
    amount: formatMoney(found),
    currency: found.asset,
    rail: found.rail,
    created_at: found.createdAt.toISOString(),
  };
}
