/** Authorisations: the issuer's word, which holds the money until it is captured, voided or out of date. */
import { z } from 'zod';
import { RAIL_TERMS } from '../../../domain/rail-terms';
import type { Authorization } from '../../card/wire';
import { openChallenge } from './challenge';
import { declineOf, type CardMisbehaviourKind } from './misbehaviour';
import { found, later, moveFunds, Refusal, type Processor } from './processor';
import { positiveMinor, readBody, reference } from './request';
import { availableMinor } from './tokens';

const authorizationRequest = z.object({
  agreement: z.string(),
  amount_minor: positiveMinor,
  currency: z.string(),
  reference,
  commitment_hash: z.string().regex(/^[0-9a-f]{64}$/, 'SHA-256, hex'),
});

export function createAuthorization(
  processor: Processor,
  body: unknown,
  kind: CardMisbehaviourKind | undefined,
): Authorization {
  const request = readBody(authorizationRequest, body);
  const agreement = found(processor.state.agreements.get(request.agreement), 'agreement');
  const now = processor.now();
  const draft: Authorization = {
    object: 'authorization',
    id: processor.newId('aut'),
    status: 'pending',
    ...request,
    token: agreement.token,
    capture: null,
    decline_code: null,
    challenge_url: null,
    created_at: now,
    expires_at: later(now, processor.settings.authorizationTtlMs),
  };
  const declineCode = declineReason(processor, draft) ?? declineOf(kind);
  if (declineCode) return decide(processor, draft, declineCode);
  if (kind === 'challenge') {
    const challenged = { ...draft, challenge_url: openChallenge(processor, draft.id) };
    return keep(processor, { ...challenged, status: 'requires_action' });
  }
  if (kind === 'pending' || kind === 'pending_then_rejected') {
    const record = { id: draft.id, reject: kind === 'pending_then_rejected' };
    processor.record({ put: 'fate', record });
    return keep(processor, draft);
  }
  return decide(processor, draft, undefined);
}

/** Refusals are on record as declined authorisations, so that asking about them tells of them. */
function declineReason(
  processor: Processor,
  { agreement: agreementId, token: tokenId, amount_minor, currency }: Authorization,
): string | undefined {
  const { agreements, tokens } = processor.state;
  const amountMinor = BigInt(amount_minor);
  const limits = RAIL_TERMS.card.maxAmountMinor;
  const limitMinor = Object.hasOwn(limits, currency) ? limits[currency] : undefined;
  if (limitMinor === undefined) return 'currency_not_supported';
  if (amountMinor > limitMinor) return 'amount_too_large';
  const agreement = found(agreements.get(agreementId), 'agreement');
  if (agreement.status !== 'active' || agreement.currency !== currency) return 'agreement_not_active';
  if (agreement.expires_at <= processor.now()) return 'agreement_expired';
  if (amountMinor > BigInt(agreement.ceiling_minor)) return 'agreement_ceiling_exceeded';
  const token = found(tokens.get(tokenId), 'token');
  if (!token.open) return 'invalid_account';
  if (token.behaviour.kind === 'declines') return token.behaviour.code;
  return availableMinor(token) < amountMinor ? 'insufficient_funds' : undefined;
}

/** Authorised, with the money held, unless there is a reason against it. */
function decide(processor: Processor, draft: Authorization, declineCode: string | undefined): Authorization {
  const status = declineCode ? 'declined' : 'authorized';
  const record = keep(processor, {
    ...draft,
    status,
    decline_code: declineCode ?? null,
    challenge_url: null,
  });
  if (!declineCode) moveFunds(processor, record.token, { heldMinor: BigInt(record.amount_minor) });
  processor.emit(`authorization.${status}`, record);
  return record;
}

function keep(processor: Processor, record: Authorization): Authorization {
  processor.record({ put: 'authorization', record });
  return record;
}

/** The cardholder passed a challenge, or did not. */
export function authenticated(
  processor: Processor,
  authorization: Authorization,
  declineCode: string | undefined,
): void {
  if (authorization.status !== 'requires_action') return;
  decide(processor, authorization, declineCode ?? declineReason(processor, authorization));
}

/** The issuer decides about a pending authorisation when it is asked for. */
export function decidePending(processor: Processor, id: string): void {
  const authorization = processor.state.authorizations.get(id);
  const fate = processor.state.fates.get(id);
  if (authorization?.status !== 'pending' || !fate) return;
  decide(processor, authorization, fate.reject ? 'do_not_honor' : declineReason(processor, authorization));
}

export function voidAuthorization(processor: Processor, id: string): Authorization {
  const authorization = found(processor.state.authorizations.get(id), 'authorization');
  switch (authorization.status) {
    case 'authorized':
    case 'pending':
    case 'requires_action':
      return end(processor, authorization, 'voided');
    case 'captured':
      throw new Refusal(422, 'authorization_captured', 'a captured authorisation is refunded, not voided');
    case 'declined':
    case 'voided':
    case 'expired':
      return authorization;
  }
}

/** An authorisation that was not captured in its time lets the money go. */
export function expireAuthorization(processor: Processor, authorization: Authorization): void {
  if (authorization.expires_at <= processor.now()) end(processor, authorization, 'expired');
}

function end(
  processor: Processor,
  authorization: Authorization,
  status: 'voided' | 'expired',
): Authorization {
  if (authorization.status === 'authorized')
    moveFunds(processor, authorization.token, { heldMinor: -BigInt(authorization.amount_minor) });
  const record = keep(processor, { ...authorization, status, challenge_url: null });
  processor.emit(`authorization.${status}`, record);
  return record;
}
