/** What a refund is taken from, and how it is taken back where a reversal overtakes it. */
import { newId } from '../domain/ids';
import { refundGranted, refundWithdrawn, type Sources } from '../domain/ledger/postings';
import { divideHalfEven } from '../domain/money';
import type { Trx } from '../store/db';
import { claimTransmission, instructionOf, setInstructionStatus } from '../store/instructions';
import { postEntries } from '../store/ledger';
import { lockPrincipals } from '../store/principals';
import { insertRefund, refundsOf, setRefundStatus, type RefundCause } from '../store/refunds';
import { recordAudit, recordEvents } from '../store/states';
import type { Deal } from '../store/transactions';
import { heldByDeal } from './clear';
import type { ActivityDeps } from './deps';
import { freeCollateral } from './end';
import { openRecovery } from './recovery';

export interface RefundOrder {
  amountMinor: bigint;
  cause: RefundCause;
  reason: string;
  requestedBy: string;
}

/** How much of the total was not refunded yet, minor units. */
export async function leftToRefund(trx: Trx, deal: Deal): Promise<bigint> {
  const granted = (await refundsOf(trx, deal.id))
    .filter(({ status }) => status !== 'withdrawn')
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
  return deal.totalMinor - granted;
}

/**
 * Owes the buyer a refund, in the caller's transaction and with the deal locked. Taken from what the deal still holds,
 * in proportion between seller and fee; then from the seller's free balance; the rest the seller owes AURA.
 */
export async function grantRefund(
  trx: Trx,
  deps: ActivityDeps,
  deal: Deal,
  order: RefundOrder,
  id = newId('refund'),
): Promise<string> {
  await lockPrincipals(trx, [deal.buyerPrincipalId, deal.sellerPrincipalId]);
  const sources = await sourcesFor(trx, deal, order.amountMinor);
  await insertRefund(trx, { id, transactionId: deal.id, asset: deal.asset, sources, ...order });
  await postEntries(trx, [
    refundGranted({
      refundId: id,
      transactionId: deal.id,
      buyer: deal.buyerPrincipalId,
      seller: deal.sellerPrincipalId,
      bearer: deal.sellerPrincipalId,
      asset: deal.asset,
      sources,
    }),
  ]);
  if (sources.recoverableMinor > 0n) {
    const debt = { principalId: deal.sellerPrincipalId, owedMinor: sources.recoverableMinor };
    await openRecovery(trx, deps, deal, { ...debt, cause: `refund ${id}` });
  }
  const told = { session_id: deal.sessionId, transaction_id: deal.id, refund_id: id };
  await recordEvents(trx, [{ type: 'refund.granted', correlationId: deal.sessionId, payload: told }]);
  await recordAudit(trx, {
    actor: order.requestedBy,
    action: 'refund.granted',
    subject: deal.id,
    detail: {
      refund_id: id,
      amount_minor: order.amountMinor.toString(),
      cause: order.cause,
    },
  });
  return id;
}

/** Takes back refunds that nobody has sent yet: the rail has given the buyer the whole payment. */
export async function withdrawRefunds(trx: Trx, deal: Deal): Promise<void> {
  for (const refund of await refundsOf(trx, deal.id)) {
    if (refund.status !== 'pending') continue;
    const sent = await instructionOf(trx, refund.id, 'refund');
    const id = sent?.instruction.instruction_id;
    if (id !== undefined) {
      // Whoever has the right to send it may be sending it right now.
      if (!(await claimTransmission(trx, id, 'aura:withdrawn'))) continue;
      await setInstructionStatus(trx, id, 'never_executed');
    }
    await setRefundStatus(trx, refund.id, 'withdrawn');
    await postEntries(trx, [
      refundWithdrawn({
        refundId: refund.id,
        transactionId: deal.id,
        buyer: deal.buyerPrincipalId,
        seller: deal.sellerPrincipalId,
        bearer: deal.sellerPrincipalId,
        asset: deal.asset,
        sources: refund.sources,
      }),
    ]);
  }
}

async function sourcesFor(trx: Trx, deal: Deal, amountMinor: bigint): Promise<Sources> {
  const held = await heldByDeal(trx, deal);
  const heldMinor = held.entitlementMinor + held.feesDeferredMinor;
  const left = await leftToRefund(trx, deal);
  // The fee goes back in the share that the refund has of what is left of the deal, so that the last one takes the rest.
  const feesDeferredMinor =
    heldMinor === 0n
      ? 0n
      : least(held.feesDeferredMinor, divideHalfEven(held.feesDeferredMinor * amountMinor, left));
  const entitlementMinor = least(held.entitlementMinor, amountMinor - feesDeferredMinor);
  const open = amountMinor - feesDeferredMinor - entitlementMinor;
  const free = open > 0n ? await freeCollateral(trx, deal.sellerPrincipalId, deal.asset) : 0n;
  const collateralMinor = least(free, open);
  return {
    entitlementMinor,
    feesDeferredMinor,
    collateralMinor,
    recoverableMinor: open - collateralMinor,
  };
}

const least = (a: bigint, b: bigint) => (a < b ? a : b);
