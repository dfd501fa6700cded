/** Captures move the money: from the card to AURA's settlement account, less the processor's fee. */
import { z } from 'zod';
import type { Authorization, Capture } from '../../card/wire';
import { deviating, feeOf } from './amounts';
import { openChargeback } from './chargebacks';
import type { CardMisbehaviourKind } from './misbehaviour';
import { bookLine, businessDate, found, moveFunds, Refusal, type Processor } from './processor';
import { positiveMinor, readBody } from './request';
import { tamperLines } from './settlements';

const captureRequest = z.object({
  /** All that is authorised by default; less lets the rest of the hold go. */
  amount_minor: positiveMinor.optional(),
  currency: z.string().optional(),
});

export function createCapture(
  processor: Processor,
  authorizationId: string,
  body: unknown,
  kind: CardMisbehaviourKind | undefined,
): Capture {
  const request = readBody(captureRequest, body);
  const authorization = found(processor.state.authorizations.get(authorizationId), 'authorization');
  if (authorization.status !== 'authorized')
    throw new Refusal(422, `authorization_${authorization.status}`, 'it cannot be captured');
  if (request.currency !== undefined && request.currency !== authorization.currency)
    throw new Refusal(422, 'currency_mismatch', 'authorised in another currency');
  const askedMinor = BigInt(request.amount_minor ?? authorization.amount_minor);
  if (askedMinor > BigInt(authorization.amount_minor))
    throw new Refusal(422, 'capture_exceeds_authorization', 'more than is authorised');
  moveFunds(processor, authorization.token, { heldMinor: -BigInt(authorization.amount_minor) });
  const record = bookCapture(processor, authorization, deviating(askedMinor, kind));
  if (kind === 'duplicate') bookCapture(processor, authorization, askedMinor);
  processor.record({
    put: 'authorization',
    record: { ...authorization, status: 'captured', capture: record.id },
  });
  tamperLines(processor, record.id, record.amount_minor, kind);
  if (kind === 'chargeback') openChargeback(processor, { capture: record.id });
  return found(processor.state.captures.get(record.id), 'capture');
}

function bookCapture(processor: Processor, authorization: Authorization, amountMinor: bigint): Capture {
  const now = processor.now();
  const { id, token, currency, reference, commitment_hash } = authorization;
  const record: Capture = {
    object: 'capture',
    id: processor.newId('cap'),
    status: 'succeeded',
    authorization: id,
    token,
    authorized_minor: authorization.amount_minor,
    amount_minor: amountMinor.toString(),
    fee_minor: feeOf(amountMinor).toString(),
    refunded_minor: '0',
    charged_back_minor: '0',
    currency,
    reference,
    commitment_hash,
    business_date: businessDate(now),
    captured_at: now,
  };
  processor.record({ put: 'capture', record });
  moveFunds(processor, token, { balanceMinor: -amountMinor });
  bookLine(processor, {
    type: 'capture',
    id: record.id,
    reference,
    direction: 'credit',
    gross_minor: record.amount_minor,
    fee_minor: record.fee_minor,
    currency,
  });
  processor.emit('capture.succeeded', record);
  return record;
}
