import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import { formatMoney } from '../../domain/money';
import { atPar } from '../../domain/par';
import { RAIL_TERMS } from '../../domain/rail-terms';
import { inTransaction } from '../../store/db';
import {
  findAccount,
  findMandate,
  insertMandate,
  upsertAccount,
  type Mandate,
  type PaymentAccount,
} from '../../store/payment-accounts';
import { awaitsPayout } from '../../store/payouts';
import type { MandateInput, PayoutInput } from '../../workflows/messages';
import { route, type Route } from '../route';
import {
  mandateParams,
  mandateRequest,
  mandateResponse,
  paymentAccountRequest,
  paymentAccountResponse,
} from '../schemas/parties';
import { startOnce } from '../workflows';
import { readAmount } from './agents';

const PARTIES = ['scout', 'beacon'] as const;
const MANDATE_WAIT_MS = 5_000;
const MANDATE_POLL_MS = 50;

export function paymentRoutes(): Route[] {
  return [paymentAccount, requestMandate, getMandate];
}

const paymentAccount = route<unknown, unknown, z.infer<typeof paymentAccountRequest>>({
  method: 'post',
  path: '/v1/payment-accounts',
  summary: "Name a bank account, card or wallet of the agent's principal",
  tag: 'Money',
  access: PARTIES,
  body: paymentAccountRequest,
  response: { status: 201, schema: paymentAccountResponse, description: 'The account' },
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER', 'SERVICE_UNAVAILABLE'],
  creates: { kind: 'paymentAccount', movesMoney: false },
  async handler({ body, agent, deps, subjectId }) {
    const stored = await inTransaction(deps.db, (trx) =>
      upsertAccount(trx, {
        id: subjectId,
        principalId: agent.principalId,
        rail: body.rail,
        asset: body.currency,
        ...reachedBy(body),
        holderName: body.holder_name,
      }),
    );
    // A payout that failed for want of a good account is tried again with the new one.
    if (await awaitsPayout(deps.db, agent.principalId, stored.asset)) {
      const input = { principalId: agent.principalId, asset: stored.asset, runId: subjectId };
      await startOnce<PayoutInput>(deps.temporal, { type: 'payout', id: `payout-${subjectId}`, input });
    }
    return { status: 201, body: accountView(stored) };
  },
});

/** The schema has seen to it that the fields of the rail's form are there. */
function reachedBy(
  body: z.infer<typeof paymentAccountRequest>,
): Pick<PaymentAccount, 'form' | 'identifier' | 'details'> {
  const form = RAIL_TERMS[body.rail].accountForm;
  switch (form) {
    case 'bank': {
      const { routing_number: routingNumber = '', account_number: accountNumber = '' } = body;
      const { account_type: accountType, business } = body;
      const details = { routingNumber, accountNumber, accountType, business };
      return { form, identifier: `${routingNumber}/${accountNumber}`, details };
    }
    case 'card':
      return { form, identifier: body.token ?? '', details: { token: body.token } };
    case 'wallet':
      return { form, identifier: (body.address ?? '').toLowerCase(), details: { address: body.address } };
  }
}

function accountView(account: PaymentAccount) {
  return {
    account_id: account.id,
    rail: account.rail,
    currency: account.asset,
    form: account.form,
    ...shownDetails(account),
    holder_name: account.holderName,
  };
}

function shownDetails({ form, details }: PaymentAccount) {
  const text = (key: string) => {
    const value = details[key];
    return typeof value === 'string' ? value : '';
  };
  switch (form) {
    case 'bank':
      return { routing_number: text('routingNumber'), account_number_last4: text('accountNumber').slice(-4) };
    case 'card':
      return { token_last4: text('token').slice(-4) };
    case 'wallet':
      return { address: text('address') };
  }
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
          payerAuthorization: body.authorization ?? null,
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
        ...inRailsAsset(account, ceilingMinor),
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

/** The ceiling as the rail counts it. */
function inRailsAsset({ rail, asset }: PaymentAccount, ceilingMinor: bigint) {
  const settled = RAIL_TERMS[rail].settles[asset];
  if (settled === undefined) {
    throw new AuraError('INVALID_PARAMETER', `${rail} does not carry ${asset}.`, { field: 'account_id' });
  }
  return { ceilingMinor: atPar(ceilingMinor, asset, settled).toString(), asset: settled };
}

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
    action_url: mandate.action?.url ?? null,
    reference: mandate.reference,
    refusal: mandate.refusal,
    expires_at: mandate.expiresAt.toISOString(),
  };
}
