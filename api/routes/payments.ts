import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import { formatMoney } from '../../domain/money';
import { inTransaction } from '../../store/db';
import { findDeposit, insertDeposit, type Deposit } from '../../store/deposits';
import { balancesOf } from '../../store/ledger';
import {
  findAccount,
  findMandate,
  insertMandate,
  upsertAccount,
  useMandate,
  type Mandate,
  type PaymentAccount,
} from '../../store/payment-accounts';
import { recordAudit } from '../../store/states';
import { openMarginCalls } from '../../store/transactions';
import type { DepositInput, MandateInput } from '../../workflows/messages';
import { route, type Route } from '../route';
import {
  accountsResponse,
  depositParams,
  depositRequest,
  depositResponse,
  mandateParams,
  mandateRequest,
  mandateResponse,
  paymentAccountRequest,
  paymentAccountResponse,
} from '../schemas/parties';
import { balanceView } from '../views/clearing';
import { startOnce } from '../workflows';
import { readAmount } from './agents';

const ANYONE = ['scout', 'beacon', 'operator'] as const;
const PARTIES = ['scout', 'beacon'] as const;
const MANDATE_WAIT_MS = 5_000;
const MANDATE_POLL_MS = 50;

export function paymentRoutes(): Route[] {
  return [paymentAccount, requestMandate, getMandate, accounts, deposit, getDeposit];
}

const paymentAccount = route<unknown, unknown, z.infer<typeof paymentAccountRequest>>({
  method: 'post',
  path: '/v1/payment-accounts',
  summary: "Name a bank account of the agent's principal",
  tag: 'Money',
  access: PARTIES,
  body: paymentAccountRequest,
  response: { status: 201, schema: paymentAccountResponse, description: 'The account' },
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER'],
  creates: { kind: 'paymentAccount', movesMoney: false },
  async handler({ body, agent, deps, subjectId }) {
    const stored = await inTransaction(deps.db, (trx) =>
      upsertAccount(trx, {
        id: subjectId,
        principalId: agent.principalId,
        rail: body.rail,
        asset: body.currency,
        routingNumber: body.routing_number,
        accountNumber: body.account_number,
        holderName: body.holder_name,
      }),
    );
    return { status: 201, body: accountView(stored) };
  },
});

function accountView(account: PaymentAccount) {
  return {
    account_id: account.id,
    rail: account.rail,
    currency: account.asset,
    routing_number: account.routingNumber,
    account_number_last4: account.accountNumber.slice(-4),
    holder_name: account.holderName,
  };
}

const requestMandate = route<unknown, unknown, z.infer<typeof mandateRequest>>({
  method: 'post',
  path: '/v1/mandates',
  summary: "Ask the payer's bank for payments up to a ceiling (request for payment)",
  tag: 'Money',
  access: PARTIES,
  body: mandateRequest,
  response: {
    status: 201,
    schema: mandateResponse,
    description: "The mandate, with the bank's answer if it came",
  },
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER', 'RESOURCE_NOT_FOUND', 'SERVICE_UNAVAILABLE'],
  creates: { kind: 'mandate', movesMoney: false },
  async handler({ body, agent, deps, subjectId, signal }) {
    const account = await findAccount(deps.db, body.account_id);
    if (account?.principalId !== agent.principalId) {
      throw new AuraError('RESOURCE_NOT_FOUND', 'There is no such payment account.', { field: 'account_id' });
    }
    const ceilingMinor = readAmount(body.ceiling, account.asset, 'ceiling');
    const expiresAt = new Date(body.expires_at);
    if (expiresAt <= new Date()) {
      throw new AuraError('INVALID_PARAMETER', 'expires_at: is in the past', {
        field: 'expires_at',
        reason: 'past',
      });
    }
    if (!(await findMandate(deps.db, subjectId))) {
      await inTransaction(deps.db, (trx) =>
        insertMandate(trx, {
          id: subjectId,
          principalId: agent.principalId,
          accountId: account.id,
          rail: account.rail,
          asset: account.asset,
          ceilingMinor,
          expiresAt,
        }),
      );
    }
    await startOnce<MandateInput>(deps.temporal, {
      type: 'mandate',
      id: subjectId,
      input: {
        rail: account.rail,
        mandateId: subjectId,
        accountRef: account.id,
        ceilingMinor: ceilingMinor.toString(),
        asset: account.asset,
        expiresAt: expiresAt.toISOString(),
      },
    });
    return { status: 201, body: mandateView(await answered()) };

    /** The bank's answer comes in a moment; whoever waits longer polls. */
    async function answered(): Promise<Mandate> {
      const deadline = Date.now() + MANDATE_WAIT_MS;
      for (;;) {
        const mandate = await findMandate(deps.db, subjectId);
        if (!mandate) throw new Error('the mandate was not stored');
        if (mandate.status !== 'requested' || Date.now() > deadline || signal.aborted) return mandate;
        await new Promise((resolve) => setTimeout(resolve, MANDATE_POLL_MS));
      }
    }
  },
});

const getMandate = route<z.infer<typeof mandateParams>>({
  method: 'get',
  path: '/v1/mandates/:mandate_id',
  summary: "A mandate of the agent's principal",
  tag: 'Money',
  access: PARTIES,
  params: mandateParams,
  response: { status: 200, schema: mandateResponse, description: 'The mandate' },
  errors: ['RESOURCE_NOT_FOUND'],
  async handler({ params, agent, deps }) {
    const mandate = await findMandate(deps.db, params.mandate_id);
    if (mandate?.principalId !== agent.principalId) {
      throw new AuraError('RESOURCE_NOT_FOUND', 'There is no such mandate.');
    }
    return { status: 200, body: mandateView(mandate) };
  },
});

function mandateView(mandate: Mandate) {
  const show = (amountMinor: bigint) => formatMoney({ amountMinor, asset: mandate.asset });
  return {
    mandate_id: mandate.id,
    account_id: mandate.accountId,
    rail: mandate.rail,
    currency: mandate.asset,
    ceiling: show(mandate.ceilingMinor),
    used: show(mandate.usedMinor),
    status: mandate.status,
    reference: mandate.reference,
    refusal: mandate.refusal,
    expires_at: mandate.expiresAt.toISOString(),
  };
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
