/** Chargebacks: the cardholder's bank takes the money back at once, and gives it up again if a representment is won. */
import { z } from 'zod';
import type { Chargeback } from '../../card/wire';
import { leftMinor } from './amounts';
import { bookLine, businessDate, found, later, moveFunds, Refusal, type Processor } from './processor';
import { positiveMinor, readBody } from './request';

/** What the processor charges for each chargeback, won or lost: 15.00. */
export const CHARGEBACK_FEE_MINOR = 1_500n;

/** Reason codes of Visa's dispute conditions; others are passed on as they are. */
const REASONS: Readonly<Record<string, string>> = {
  '10.4': 'Other fraud: card-absent environment',
  '12.6.1': 'Duplicate processing',
  '13.1': 'Merchandise or services not received',
  '13.3': 'Not as described or defective merchandise or services',
  '13.6': 'Credit not processed',
  '13.7': 'Cancelled merchandise or services',
};

const chargebackRequest = z.strictObject({
  capture: z.string(),
  /** What is left of the capture by default. */
  amountMinor: positiveMinor.optional(),
  reasonCode: z.string().min(1).max(20).default('10.4'),
  reason: z.string().min(1).max(200).optional(),
  respondBy: z.iso.datetime({ offset: true }).optional(),
});

export function openChargeback(processor: Processor, body: unknown): Chargeback {
  const request = readBody(chargebackRequest, body);
  const capture = found(processor.state.captures.get(request.capture), 'capture');
  const amountMinor = request.amountMinor ? BigInt(request.amountMinor) : leftMinor(capture);
  if (amountMinor <= 0n || amountMinor > leftMinor(capture))
    throw new Refusal(422, 'exceeds_captured_amount', 'more than is left of the capture');
  const now = processor.now();
  const record: Chargeback = {
    object: 'chargeback',
    id: processor.newId('cbk'),
    status: 'needs_response',
    capture: capture.id,
    reference: capture.reference,
    amount_minor: amountMinor.toString(),
    fee_minor: CHARGEBACK_FEE_MINOR.toString(),
    currency: capture.currency,
    reason_code: request.reasonCode,
    reason: request.reason ?? REASONS[request.reasonCode] ?? 'unspecified',
    respond_by: request.respondBy
      ? new Date(request.respondBy).toISOString()
      : later(now, processor.settings.respondWithinMs),
    opened_at: now,
    business_date: businessDate(now),
    representment: null,
    resolution: null,
  };
  processor.record({ put: 'chargeback', record });
  move(processor, record, amountMinor);
  const common = { id: record.id, reference: record.reference, currency: record.currency };
  bookLine(processor, {
    ...common,
    type: 'chargeback',
    direction: 'debit',
    gross_minor: record.amount_minor,
  });
  // On a line of its own: the fee may be more than what was charged back.
  bookLine(processor, {
    ...common,
    type: 'chargeback_fee',
    line: '1',
    direction: 'debit',
    gross_minor: record.fee_minor,
  });
  processor.emit('chargeback.opened', record);
  return record;
}

const representmentRequest = z.object({
  statement: z.string().min(1).max(20_000),
  evidence_sha256: z.string().regex(/^[0-9a-f]{64}$/, 'SHA-256, hex'),
});

export function represent(processor: Processor, id: string, body: unknown): Chargeback {
  const request = readBody(representmentRequest, body);
  const chargeback = found(processor.state.chargebacks.get(id), 'chargeback');
  if (chargeback.status !== 'needs_response')
    throw new Refusal(422, `chargeback_${chargeback.status}`, 'it can no longer be contested');
  const representment = { ...request, submitted_at: processor.now() };
  const record: Chargeback = { ...chargeback, status: 'under_review', representment };
  processor.record({ put: 'chargeback', record });
  return record;
}

export function decideChargeback(processor: Processor, id: string, outcome: 'won' | 'lost'): Chargeback {
  const chargeback = found(processor.state.chargebacks.get(id), 'chargeback');
  if (chargeback.status === outcome) return chargeback;
  if (chargeback.status !== 'under_review')
    throw new Refusal(422, `chargeback_${chargeback.status}`, 'there is no representment to decide');
  return outcome === 'won' ? win(processor, chargeback) : lose(processor, chargeback);
}

/** A chargeback that nobody contested in time is lost. */
export function lapseChargeback(processor: Processor, chargeback: Chargeback): void {
  if (chargeback.respond_by <= processor.now()) lose(processor, chargeback);
}

function lose(processor: Processor, chargeback: Chargeback): Chargeback {
  const record: Chargeback = { ...chargeback, status: 'lost' };
  processor.record({ put: 'chargeback', record });
  processor.emit('chargeback.lost', record);
  return record;
}

function win(processor: Processor, chargeback: Chargeback): Chargeback {
  const at = processor.now();
  const resolution = { id: processor.newId('rep'), business_date: businessDate(at), at };
  const record: Chargeback = { ...chargeback, status: 'won', resolution };
  processor.record({ put: 'chargeback', record });
  move(processor, record, -BigInt(record.amount_minor));
  bookLine(processor, {
    type: 'representment',
    id: resolution.id,
    reference: record.reference,
    direction: 'credit',
    gross_minor: record.amount_minor,
    currency: record.currency,
  });
  processor.emit('chargeback.won', record);
  return record;
}

/** Money of the capture back to the card, or away from it again. */
function move(processor: Processor, { capture: captureId }: Chargeback, amountMinor: bigint): void {
  const capture = found(processor.state.captures.get(captureId), 'capture');
  const charged_back_minor = (BigInt(capture.charged_back_minor) + amountMinor).toString();
  processor.record({ put: 'capture', record: { ...capture, charged_back_minor } });
  moveFunds(processor, capture.token, { balanceMinor: amountMinor });
}
