import { formatMoney } from '../../domain/money';
import { paymentTerms } from '../../domain/payments';
import { RAIL_TERMS } from '../../domain/rail-terms';
import type { AgentWithKey } from '../../store/agents';
import type { Queryable } from '../../store/db';
import { findProof, instructionOf } from '../../store/instructions';
import { dealBalances, type Balance } from '../../store/ledger';
import { payoutOfDeal } from '../../store/payouts';
import { noticesOf } from '../../store/notices';
import { refundsOf } from '../../store/refunds';
import { findSession } from '../../store/sessions';
import { stateHistory } from '../../store/states';
import { fulfilmentsOf } from '../../store/fulfilments';
import { orderOf } from '../../store/orders';
import { type Deal } from '../../store/transactions';
import { asOf } from './as-of';
import { buyerFor } from './buyer';
import { shippingView } from './order';

/** Everything about a deal that this agent may see. */
export async function transactionView(db: Queryable, read: Deal, reader: AgentWithKey) {
  const [session, instruction, history, fulfilments, payout, balances, refunds, notices, order] =
    await Promise.all([
      findSession(db, read.sessionId),
      instructionOf(db, read.id, 'pay_in'),
      stateHistory(db, read.sessionId),
      fulfilmentsOf(db, read.id),
      payoutOfDeal(db, read.id),
      dealBalances(db, read.id),
      refundsOf(db, read.id),
      noticesOf(db, read.id),
      orderOf(db, read.id),
    ]);
  const deal = asOf(read, history);
  const proof = instruction && (await findProof(db, instruction.instruction.instruction_id));
  const amount = (amountMinor: bigint) => formatMoney({ amountMinor, asset: deal.asset });
  return {
    transaction_id: deal.id,
    session_id: deal.sessionId,
    offer_id: deal.offerId,
    status: deal.marketState,
    clearing_status: deal.clearingState,
    created_at: deal.createdAt.toISOString(),
    updated_at: deal.updatedAt.toISOString(),
    quantity: deal.quantity,
    amounts: {
      currency: deal.asset,
      subtotal: amount(deal.subtotalMinor),
      shipping: amount(deal.shippingMinor),
      tax: amount(deal.taxMinor),
      total: amount(deal.totalMinor),
      fee: amount(deal.feeMinor),
    },
    order: {
      merchant_order_id: order.merchantOrderId,
      merchant_name: order.merchantName,
      items: [
        {
          product_id: order.offer.product.product_id,
          product_name: order.offer.product.name,
          quantity: deal.quantity,
          unit_price: amount(deal.subtotalMinor / BigInt(deal.quantity)),
        },
      ],
      shipping: shippingView(deal, order, fulfilments),
    },
    payment: {
      ...paymentTerms(deal),
      rail: deal.rail,
      finality: RAIL_TERMS[deal.rail].finality,
      instruction_id: instruction?.instruction.instruction_id ?? null,
      progress: instruction?.status === 'executed' ? null : (instruction?.progress ?? null),
      // Where the payer confirms is the payer's business.
      action_url:
        instruction?.status === 'executed' || reader.role === 'beacon'
          ? null
          : (instruction?.action?.url ?? null),
      reference: proof?.statement.reference ?? null,
      proof: proof ? { proof_id: proof.id, accepted: proof.accepted, checks: proof.checks } : null,
    },
    margin_call:
      deal.clearingState === 'risk_assessed' && deal.marginCallUntil
        ? { until: deal.marginCallUntil.toISOString() }
        : null,
    gate: deal.gate,
    ...(await buyerFor(db, deal, reader)),
    fulfillment: fulfilments.map(({ status, reportedBy, at }) => ({
      status,
      reported_by: reportedBy,
      at: at.toISOString(),
    })),
    refunds: refunds.map((refund) => ({
      refund_id: refund.id,
      amount: amount(refund.amountMinor),
      cause: refund.cause,
      status: refund.status,
      created_at: refund.createdAt.toISOString(),
    })),
    notices: notices.map(({ statement, effect }) => ({
      kind: statement.kind,
      reason_code: statement.reason_code,
      reason: statement.reason,
      occurred_at: statement.occurred_at,
      respond_by: statement.respond_by ?? null,
      effect,
    })),
    payout:
      payout && reader.role !== 'scout'
        ? { payout_id: payout.id, status: payout.status, amount: amount(payout.amountMinor) }
        : null,
    status_history: history.map(({ transition, region, from, to, at }) => ({
      transition,
      region,
      from,
      to,
      at: at.toISOString(),
    })),
    ledger: balances.filter((balance) => maySee(balance, reader)).map(balanceView),
    failure: session?.failure ?? null,
    status_url: `/v1/transactions/${deal.id}`,
  };
}

const maySee = ({ owner }: Balance, reader: AgentWithKey) =>
  reader.role === 'operator' || owner === reader.principalId;

export function balanceView({ owner, kind, asset, balanceMinor }: Balance) {
  return { owner, kind, currency: asset, balance: formatMoney({ amountMinor: balanceMinor, asset }) };
}
