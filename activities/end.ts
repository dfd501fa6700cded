/** Ends a deal that will not clear: declined, failed, and everything it had set aside given back. */
import { refusal } from '../domain/errors';
import { novationUnwound, type Entry } from '../domain/ledger/postings';
import type { Trx } from '../store/db';
import { useMandate } from '../store/payment-accounts';
import { setFailure } from '../store/sessions';
import { hasStep, recordChange, type Step } from '../store/states';
import { dealPosting, marginsOf, setMargin } from '../store/margins';
import { releaseExposures, stateOf, type Deal } from '../store/transactions';

export interface Ending {
  decline: 'X1' | 'X4';
  reason: string;
  details: Record<string, unknown>;
  /** Steps that come before the decline, such as X2. */
  before?: readonly Step[];
  /** Ledger entries that belong to the ending. */
  entries?: readonly Entry[];
}

export async function endDeal(trx: Trx, deal: Deal, ending: Ending): Promise<void> {
  const novated = await hasStep(trx, deal.sessionId, 'T19');
  const margins = await marginsOf(trx, deal.id);
  const told = { session_id: deal.sessionId, transaction_id: deal.id, reason: ending.reason };
  await setFailure(trx, deal.sessionId, refusal('BUSINESS_RULE_VIOLATION', ending.details, ending.reason));
  await recordChange(trx, {
    sessionId: deal.sessionId,
    transactionId: deal.id,
    state: stateOf(deal),
    steps: [
      ...(ending.before ?? []),
      { transition: ending.decline, detail: { reason: ending.reason } },
      { transition: 'T4', detail: { reason: ending.reason } },
    ],
    actor: 'aura',
    entries: [...(ending.entries ?? []), ...(novated ? [novationUnwound(dealPosting(deal, margins))] : [])],
    events: [
      { type: 'transaction.declined', correlationId: deal.sessionId, payload: told },
      { type: 'session.failed', correlationId: deal.sessionId, payload: told },
    ],
    audit: { action: 'deal.declined', detail: { reason: ending.reason, ...ending.details } },
  });
  for (const margin of [margins.buyer, margins.seller])
    await setMargin(trx, deal.id, { ...margin, heldMinor: 0n });
  await useMandate(trx, deal.mandateId, -deal.totalMinor);
  await releaseExposures(trx, deal.id);
}
