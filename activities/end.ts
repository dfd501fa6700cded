/** Ends a deal that will not clear: declined, failed or cancelled, and everything it had set aside given back. */
import { refusal } from '../domain/errors';
import { novationUnwound, penalty, type Entry } from '../domain/ledger/postings';
import { cancellationOf, type Cancellation } from '../store/cancellations';
import { rows, type Trx } from '../store/db';
import { resolveException } from '../store/exceptions';
import { useMandate } from '../store/payment-accounts';
import { setFailure } from '../store/sessions';
import { hasStep, recordChange, type Step } from '../store/states';
import { dealPosting, marginsOf, setMargin, type Margin } from '../store/margins';
import { releaseExposures, stateOf, type Deal } from '../store/transactions';

export interface Ending {
  decline: 'X1' | 'X4';
  reason: string;
  details: Record<string, unknown>;
  /** Steps that come before the decline, such as X2. */
  before?: readonly Step[];
  /** Ledger entries that belong to the ending. */
  entries?: readonly Entry[];
  /** Where nothing of the mandate is set aside for the deal any more. */
  mandateFree?: true;
}

export async function endDeal(trx: Trx, deal: Deal, ending: Ending): Promise<void> {
  const novated = await hasStep(trx, deal.sessionId, 'T19');
  const margins = await marginsOf(trx, deal.id);
  const cancelled = await cancellationOf(trx, deal.id);
  const told = {
    session_id: deal.sessionId,
    transaction_id: deal.id,
    reason: ending.reason,
    cancelled: cancelled !== undefined,
  };
  const unwound = novated ? [novationUnwound(dealPosting(deal, margins))] : [];
  // A deal in dispute leaves its market state to the dispute.
  const committed = deal.marketState === 'committed';
  const market: Step[] = committed
    ? [{ transition: cancelled ? 'T5' : 'T4', detail: { reason: ending.reason } }]
    : [];
  if (committed && !cancelled) {
    await setFailure(trx, deal.sessionId, refusal('BUSINESS_RULE_VIOLATION', ending.details, ending.reason));
  }
  await recordChange(trx, {
    sessionId: deal.sessionId,
    transactionId: deal.id,
    state: stateOf(deal),
    steps: [
      ...(ending.before ?? []),
      { transition: ending.decline, detail: { reason: ending.reason } },
      ...market,
    ],
    actor: cancelled?.requestedBy ?? 'aura',
    entries: [...(ending.entries ?? []), ...unwound],
    events: [
      { type: 'transaction.declined', correlationId: deal.sessionId, payload: told },
      ...(cancelled
        ? []
        : [{ type: 'transaction.payment_failed' as const, correlationId: deal.sessionId, payload: told }]),
      ...(committed
        ? [
            {
              type: cancelled ? ('transaction.cancelled' as const) : ('session.failed' as const),
              correlationId: deal.sessionId,
              payload: told,
            },
          ]
        : []),
    ],
    audit: { action: 'deal.declined', detail: { reason: ending.reason, ...ending.details } },
  });
  for (const margin of [margins.buyer, margins.seller])
    await setMargin(trx, deal.id, { ...margin, heldMinor: 0n });
  // The unwound novation has freed the margin, so the penalty comes out of the free balance it went to.
  if (cancelled) await chargePenalty(trx, deal, cancelled, undefined);
  if (!ending.mandateFree) await useMandate(trx, deal.mandateId, -deal.totalMinor);
  await releaseExposures(trx, deal.id);
  await resolveException(trx, deal.id, ending.reason);
}

/** The canceller's penalty to the other side: out of this deal's margin, then its free balance, as far as they reach. */
export async function chargePenalty(
  trx: Trx,
  deal: Deal,
  { principalId, penaltyMinor }: Cancellation,
  margin: Margin | undefined,
): Promise<void> {
  if (penaltyMinor === 0n) return;
  const held = margin?.heldMinor ?? 0n;
  const marginMinor = held < penaltyMinor ? held : penaltyMinor;
  const free = await freeCollateral(trx, principalId, deal.asset);
  const open = penaltyMinor - marginMinor;
  const collateralMinor = free < open ? free : open;
  const isBuyer = principalId === deal.buyerPrincipalId;
  const entry = penalty({
    transactionId: deal.id,
    canceller: principalId,
    counterparty: isBuyer ? deal.sellerPrincipalId : deal.buyerPrincipalId,
    asset: deal.asset,
    marginMinor,
    collateralMinor,
  });
  await recordChange(trx, {
    sessionId: deal.sessionId,
    transactionId: deal.id,
    state: stateOf(deal),
    steps: [],
    actor: 'aura',
    entries: [entry],
    audit: {
      action: 'deal.penalty',
      detail: {
        principal_id: principalId,
        due_minor: penaltyMinor.toString(),
        paid_minor: (marginMinor + collateralMinor).toString(),
      },
    },
  });
  if (margin) await setMargin(trx, deal.id, { ...margin, heldMinor: held - marginMinor });
}

/** A principal's free balance. Its row or the deal's is locked by the caller. */
export async function freeCollateral(trx: Trx, principalId: string, asset: string): Promise<bigint> {
  const [account] = await rows<{ balance: string }>(
    trx,
    `SELECT balance_minor AS balance FROM accounts WHERE owner = ? AND kind = 'collateral' AND asset = ? FOR UPDATE`,
    [principalId, asset],
  );
  return BigInt(account?.balance ?? 0);
}
