import { formatMoney } from '../../domain/money';
import { netOf } from '../../domain/netting';
import type { NettingCycle, NettingMembership } from '../../store/netting';
import type { CycleParts } from '../../store/netting-views';

const at = (instant: Date | null) => instant?.toISOString() ?? null;

export function membershipView({
  principalId,
  rail,
  asset,
  active,
  debitCapMinor,
  updatedAt,
}: NettingMembership) {
  return {
    principal_id: principalId,
    rail,
    currency: asset,
    active,
    debit_cap: debitCapMinor === null ? null : formatMoney({ amountMinor: debitCapMinor, asset }),
    updated_at: updatedAt.toISOString(),
  };
}

export function cycleView(cycle: NettingCycle) {
  return {
    cycle_id: cycle.id,
    rail: cycle.rail,
    currency: cycle.asset,
    status: cycle.status,
    generation: cycle.generation,
    opened_at: cycle.openedAt.toISOString(),
    closed_at: at(cycle.closedAt),
    deals_settled_at: at(cycle.dealsSettledAt),
    ended_at: at(cycle.endedAt),
    cleared_at: at(cycle.clearedAt),
  };
}

export function cycleDetail(cycle: NettingCycle, { positions, payments, deals }: CycleParts) {
  const show = (amountMinor: bigint) => formatMoney({ amountMinor, asset: cycle.asset });
  return {
    ...cycleView(cycle),
    positions: positions.map((position) => ({
      principal_id: position.principalId,
      received: show(position.receivedMinor),
      owed: show(position.owedMinor),
      net: show(netOf(position)),
    })),
    payments: payments.map(({ id, principalId, generation, direction, amountMinor, status, cause }) => ({
      payment_id: id,
      principal_id: principalId,
      generation,
      direction,
      amount: show(amountMinor),
      status,
      cause,
    })),
    deals: deals.map(({ transactionId, buyer, seller, totalMinor, feeMinor, status, deferrals, reason }) => ({
      transaction_id: transactionId,
      buyer_principal_id: buyer,
      seller_principal_id: seller,
      total: show(totalMinor),
      fee: show(feeMinor),
      status,
      deferrals,
      reason,
    })),
  };
}

/** The cycle as a table: a line for each position, payment and deal. */
export function cycleRows(cycle: NettingCycle, parts: CycleParts): Record<string, string | null>[] {
  const { cycle_id, currency, positions, payments, deals } = cycleDetail(cycle, parts);
  const line = (
    row: Partial<Record<'part' | 'id' | 'from' | 'to' | 'amount' | 'fee' | 'status', string>>,
  ) => ({
    cycle_id,
    part: row.part ?? '',
    id: row.id ?? '',
    from: row.from ?? '',
    to: row.to ?? '',
    currency,
    amount: row.amount ?? '',
    fee: row.fee ?? '',
    status: row.status ?? '',
  });
  return [
    ...positions.map(({ principal_id, net }) => line({ part: 'position', id: principal_id, amount: net })),
    ...payments.map(({ payment_id, principal_id, direction, amount, status }) =>
      line({
        part: 'payment',
        id: payment_id,
        from: direction === 'in' ? principal_id : 'aura',
        to: direction === 'in' ? 'aura' : principal_id,
        amount,
        status,
      }),
    ),
    ...deals.map((deal) =>
      line({
        part: 'deal',
        id: deal.transaction_id,
        from: deal.buyer_principal_id,
        to: deal.seller_principal_id,
        amount: deal.total,
        fee: deal.fee,
        status: deal.status,
      }),
    ),
  ];
}
