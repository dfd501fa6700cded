/** A stored-credential agreement: the cardholder lets AURA charge the card up to a ceiling, once confirmed by 3-D Secure. */
import type { MandateAnswer } from '../../domain/settlement';
import type { MandateRequest } from '../port';
import type { CardDeps } from './deps';
import { wrapEvidence } from './evidence';
import { detailOf, read, unanswered, type Reading } from './reading';
import { agreementSchema, type Agreement } from './wire';

export async function requestAgreement(
  { client }: CardDeps,
  request: MandateRequest,
  token: string,
): Promise<MandateAnswer> {
  const { mandateId, ceilingMinor: ceiling_minor, asset: currency, expiresAt: expires_at } = request;
  const first = read(
    await client.ask({
      method: 'POST',
      path: '/agreements',
      body: { token, ceiling_minor, currency, expires_at, reference: mandateId },
      idempotencyKey: `agreement-${mandateId}`,
    }),
    agreementSchema,
  );
  if (first.kind !== 'read') return unansweredMandate(first);
  // Asked again, the processor repeats its first answer; how it went on is on the record itself.
  const path = `/agreements/${encodeURIComponent(first.value.id)}`;
  const waiting = first.value.status === 'requires_action';
  const now = waiting ? read(await client.ask({ method: 'GET', path }), agreementSchema) : first;
  if (now.kind !== 'read') return { outcome: 'unknown', detail: detailOf(now) };
  if (now.value.reference !== mandateId || now.value.id !== first.value.id)
    return { outcome: 'unknown', detail: 'the processor answered about something else' };
  return answerOf(now);
}

function answerOf({ value, signed }: Extract<Reading<Agreement>, { kind: 'read' }>): MandateAnswer {
  switch (value.status) {
    case 'active':
      return { outcome: 'accepted', reference: value.id, evidence: wrapEvidence('card:agreement', signed) };
    case 'declined':
      return {
        outcome: 'rejected',
        reason: value.decline_code ?? 'card_declined',
        detail: 'declined by the issuer',
      };
    case 'requires_action':
      if (value.challenge_url === null) return { outcome: 'unknown', detail: 'a challenge without its page' };
      return {
        outcome: 'action_required',
        action: { kind: 'challenge', url: value.challenge_url },
        detail: 'the cardholder has to confirm (3-D Secure)',
      };
  }
}

function unansweredMandate(reading: Exclude<Reading<Agreement>, { kind: 'read' }>): MandateAnswer {
  const answer = unanswered(reading);
  if (answer.outcome === 'rejected')
    return { outcome: 'rejected', reason: answer.reason, detail: answer.detail };
  return { outcome: 'unknown', detail: detailOf(reading) };
}
