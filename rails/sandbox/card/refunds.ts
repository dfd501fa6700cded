/** Refunds of captures: in parts or whole, never above what is left of the capture. */
import { z } from 'zod';
import type { Capture, Refund } from '../../card/wire';
import { deviating, leftMinor } from './amounts';
import { declineOf, type CardMisbehaviourKind } from './misbehaviour';
import { bookLine, businessDate, found, moveFunds, type Processor } from './processor';
import { positiveMinor, readBody, reference } from './request';
import { tamperLines } from './settlements';

const refundRequest = z.object({
  amount_minor: positiveMinor,
  currency: z.string(),
  reference,
  commitment_hash: z.string().max(64).default(''),
});

export function createRefund(
  processor: Processor,
  captureId: string,
  body: unknown,
  kind: CardMisbehaviourKind | undefined,
): Refund {
  const request = readBody(refundRequest, body);
  const capture = found(processor.state.captures.get(captureId), 'capture');
  const draft: Refund = {
    object: 'refund',
    id: processor.newId('rfd'),
    status: 'pending',
    capture: capture.id,
    ...request,
    amount_minor: deviating(BigInt(request.amount_minor), kind).toString(),
    failure_code: null,
    business_date: null,
    settled_at: null,
    created_at: processor.now(),
  };
  // Refusals are on record as failed refunds, so that asking about them tells of them.
  const failure = failureOf(capture, draft) ?? declineOf(kind);
  if (failure || kind === 'refuse_return') return fail(processor, draft, failure ?? 'refund_not_permitted');
  if (kind === 'pending' || kind === 'pending_then_rejected') {
    const record = { id: draft.id, reject: kind === 'pending_then_rejected' };
    processor.record({ put: 'fate', record });
    processor.record({ put: 'refund', record: draft });
    return draft;
  }
  const record = settle(processor, draft);
  if (kind === 'duplicate') doubleUp(processor, record);
  tamperLines(processor, record.id, record.amount_minor, kind);
  return record;
}

/** A pending refund is decided when it is asked for. */
export function decidePendingRefund(processor: Processor, id: string): void {
  const refund = processor.state.refunds.get(id);
  const fate = processor.state.fates.get(id);
  if (refund?.status !== 'pending' || !fate) return;
  const capture = found(processor.state.captures.get(refund.capture), 'capture');
  const failure = fate.reject ? 'refund_not_permitted' : failureOf(capture, refund);
  if (failure) fail(processor, refund, failure);
  else settle(processor, refund);
}

function failureOf(capture: Capture, { amount_minor, currency }: Refund): string | undefined {
  if (currency !== capture.currency) return 'currency_mismatch';
  return BigInt(amount_minor) > leftMinor(capture) ? 'exceeds_captured_amount' : undefined;
}

function fail(processor: Processor, draft: Refund, failureCode: string): Refund {
  const record: Refund = { ...draft, status: 'failed', failure_code: failureCode };
  processor.record({ put: 'refund', record });
  processor.emit('refund.failed', record);
  return record;
}

function settle(processor: Processor, draft: Refund): Refund {
  const now = processor.now();
  const amountMinor = BigInt(draft.amount_minor);
  const capture = found(processor.state.captures.get(draft.capture), 'capture');
  const record: Refund = {
    ...draft,
    status: 'succeeded',
    business_date: businessDate(now),
    settled_at: now,
  };
  processor.record({ put: 'refund', record });
  const refunded_minor = (BigInt(capture.refunded_minor) + amountMinor).toString();
  processor.record({ put: 'capture', record: { ...capture, refunded_minor } });
  moveFunds(processor, capture.token, { balanceMinor: amountMinor });
  bookLine(processor, {
    type: 'refund',
    id: record.id,
    reference: record.reference,
    direction: 'debit',
    gross_minor: record.amount_minor,
    currency: record.currency,
  });
  processor.emit('refund.succeeded', record);
  return record;
}

/** The same refund once more, as far as the capture still covers it. */
function doubleUp(processor: Processor, refund: Refund): void {
  const capture = found(processor.state.captures.get(refund.capture), 'capture');
  if (failureOf(capture, refund)) return;
  settle(processor, { ...refund, id: processor.newId('rfd') });
}
