/** Deals as protocol 1.0.0 shows them: one status, amounts as numbers that carry their currency in the name. */
import { paymentTerms } from '../../domain/payments';
import { RAIL_TERMS } from '../../domain/rail-terms';
import { statusHistory1, type TransactionStatus1 } from '../../domain/versions';
import type { AgentWithKey } from '../../store/agents';
import { cancellationOf, cancellationsOf, type Cancellation } from '../../store/cancellations';
import type { Queryable } from '../../store/db';
import { fulfilmentsOf } from '../../store/fulfilments';
import { instructionOf, type StoredInstruction } from '../../store/instructions';
import { orderOf, ordersOf, type OrderOfDeal } from '../../store/orders';
import { refundsOf, type Refund } from '../../store/refunds';
import { stateHistories, stateHistory, type HistoryEntry } from '../../store/states';
import type { Deal } from '../../store/transactions';
import { amount1, amounts1 } from './amounts-1';
import { asOf } from './as-of';
import { buyerFor } from './buyer';
import { shippingView } from './order';

/** How long confirmations usually take; the time the protocol's own example gives. */
const CONFIRMATION_MS = 60_000;
const DAY_MS = 86_400_000;

interface StatusAt {
  status: TransactionStatus1;
  at: Date;
}

/**
 * The deal's statuses in order. A cancellation that stands is `cancelled` from its first day, while the refund is under
 * way: it cannot come to anything else, and the refund says how far it is.
 */
function statusesOf(
  deal: Deal,
  history: readonly HistoryEntry[],
  wish: Cancellation | undefined,
): StatusAt[] {
  const seen = statusHistory1(history);
  const stands = wish && deal.marketState === 'committed' && deal.clearingState !== 'reversed';
  if (stands && seen.at(-1)?.status !== 'cancelled') seen.push({ status: 'cancelled', at: wish.at });
  return seen;
}

const lastOf = (statuses: readonly StatusAt[]): TransactionStatus1 => statuses.at(-1)?.status ?? 'pending';

function head(deal: Deal, status: TransactionStatus1) {
  return {
    transaction_id: deal.id,
    session_id: deal.sessionId,
    offer_id: deal.offerId,
    status,
    created_at: deal.createdAt.toISOString(),
    amounts: amounts1(deal),
    status_url: `/v1/transactions/${deal.id}`,
  };
}

/** Everything about a deal that this agent may see. */
export async function transactionView1(db: Queryable, read: Deal, reader: AgentWithKey) {
  const [order, history, reports, wish, refunds] = await Promise.all([
    orderOf(db, read.id),
    stateHistory(db, read.sessionId),
    fulfilmentsOf(db, read.id),
    cancellationOf(db, read.id),
    refundsOf(db, read.id),
  ]);
  const deal = asOf(read, history);
  const statuses = statusesOf(deal, history, wish);
  const status = lastOf(statuses);
  return {
    ...head(deal, status),
    updated_at: deal.updatedAt.toISOString(),
    status_history: statuses.map((one) => ({ status: one.status, timestamp: one.at.toISOString() })),
    order: {
      merchant_order_id: order.merchantOrderId,
      merchant_name: order.merchantName,
      items: [itemOf(deal, order)],
      shipping: shippingView(deal, order, reports),
    },
    payment: paymentTerms(deal),
    ...((status === 'cancelled' || refunds.length > 0) && { refund: refundOf(deal, refunds) }),
    ...(await buyerFor(db, deal, reader)),
  };
}

function itemOf(deal: Deal, { offer }: OrderOfDeal) {
  return {
    product_name: offer.product.name,
    quantity: deal.quantity,
    ...amount1('unit_price', deal.subtotalMinor / BigInt(deal.quantity), deal.asset),
  };
}

/** What a commit answers: where the deal stands, and what the scout waits for. */
export async function commitView1(db: Queryable, deal: Deal) {
  const [order, history, instruction, wish] = await Promise.all([
    orderOf(db, deal.id),
    stateHistory(db, deal.sessionId),
    instructionOf(db, deal.id, 'pay_in'),
    cancellationOf(db, deal.id),
  ]);
  const status = lastOf(statusesOf(deal, history, wish));
  return {
    ...head(deal, status),
    next_steps: nextSteps(deal, status, instruction, order),
    order: { merchant_order_id: order.merchantOrderId },
  };
}

function nextSteps(
  deal: Deal,
  status: TransactionStatus1,
  instruction: StoredInstruction | undefined,
  order: OrderOfDeal,
) {
  if (status === 'confirmed') {
    const { estimated_delivery: expected } = shippingView(deal, order, []);
    return { action: 'await_fulfillment', expected_by: expected };
  }
  if (status !== 'pending' && status !== 'payment_authorized') return { action: 'none', expected_by: null };
  const expires = instruction?.instruction.expires_at;
  if (instruction?.action && instruction.status !== 'executed')
    return { action: 'confirm_payment', expected_by: expires ?? null, url: instruction.action.url };
  if (deal.clearingState === 'risk_assessed' && deal.marginCallUntil)
    return { action: 'await_margin', expected_by: deal.marginCallUntil.toISOString() };
  const usual = new Date(deal.createdAt.getTime() + CONFIRMATION_MS).toISOString();
  return { action: 'await_confirmation', expected_by: expires ?? usual };
}

/** What a cancellation answers. */
export async function cancelledView1(db: Queryable, deal: Deal) {
  const [history, wish, refunds] = await Promise.all([
    stateHistory(db, deal.sessionId),
    cancellationOf(db, deal.id),
    refundsOf(db, deal.id),
  ]);
  return {
    transaction_id: deal.id,
    status: lastOf(statusesOf(deal, history, wish)),
    refund: refundOf(deal, refunds),
  };
}

/** What has come back, or is to: what was granted, else all that was taken or may have been. */
function refundOf(deal: Deal, refunds: readonly Refund[]) {
  const counted = refunds.filter(({ status }) => status !== 'withdrawn');
  const shape = (status: 'processing' | 'completed' | 'not_required', minor: bigint, by: string | null) => ({
    status,
    currency: deal.asset,
    ...amount1('amount', minor, deal.asset),
    expected_by: by,
  });
  const untouched = [null, 'risk_assessed', 'authorized', 'declined'].some((s) => s === deal.clearingState);
  if (counted.length === 0 && untouched) return shape('not_required', 0n, null);
  if (deal.clearingState === 'reversed') return shape('completed', deal.totalMinor, null);
  const grantedMinor = counted.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
  const open = counted.length === 0 || counted.some(({ status }) => status === 'pending');
  const since = counted.at(-1)?.createdAt ?? deal.updatedAt;
  return shape(
    open ? 'processing' : 'completed',
    counted.length === 0 ? deal.totalMinor : grantedMinor,
    open ? expectedBy(deal, since) : null,
  );
}

/** The day on which the rail is through with a refund at the latest, in the normal course of things. */
function expectedBy({ rail }: Deal, since: Date): string {
  const { instructionTtlMs, maxDelayMs, finality } = RAIL_TERMS[rail];
  const clearingMs = finality === 'provisional' ? 3 * DAY_MS : 0;
  return new Date(since.getTime() + instructionTtlMs + maxDelayMs + clearingMs).toISOString().slice(0, 10);
}

/** A seller's deals. */
export async function dealsView1(db: Queryable, deals: readonly Deal[]) {
  const ids = deals.map(({ id }) => id);
  const [orders, wishes, histories] = await Promise.all([
    ordersOf(db, ids),
    cancellationsOf(db, ids),
    stateHistories(
      db,
      deals.map(({ sessionId }) => sessionId),
    ),
  ]);
  return {
    transactions: deals.map((deal) => ({
      ...head(deal, lastOf(statusesOf(deal, histories.get(deal.sessionId) ?? [], wishes.get(deal.id)))),
      order: { merchant_order_id: orders.get(deal.id)?.merchantOrderId ?? null },
    })),
  };
}
