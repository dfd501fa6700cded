/** Stored-credential agreements, and the 3-D Secure challenges of agreements and authorisations. */
import { z } from 'zod';
import type { Agreement, Authorization } from '../../card/wire';
import { authenticated } from './authorizations';
import { declineOf, type CardMisbehaviourKind } from './misbehaviour';
import { openChallenge } from './challenge';
import { found, Refusal, type Processor } from './processor';
import type { Challenge, Token } from './state';
import { availableMinor, tokenOf } from './tokens';
import { minor, readBody, reference } from './request';

const agreementRequest = z.object({
  token: z.string(),
  ceiling_minor: minor,
  currency: z.string(),
  expires_at: z.iso.datetime({ offset: true }),
  reference,
});

export function createAgreement(
  processor: Processor,
  body: unknown,
  kind: CardMisbehaviourKind | undefined,
): Agreement {
  const request = readBody(agreementRequest, body);
  const token = tokenOf(processor, request.token);
  const now = processor.now();
  if (request.expires_at <= now) throw new Refusal(422, 'already_expired', 'expires_at is in the past');
  const declineCode = declineReason(token, request, kind);
  const challenged = kind === 'challenge' || token.behaviour.kind === 'challenges';
  const id = processor.newId('agr');
  const status = declineCode ? 'declined' : challenged ? 'requires_action' : 'active';
  const record: Agreement = {
    object: 'agreement',
    id,
    status,
    ...request,
    expires_at: new Date(request.expires_at).toISOString(),
    decline_code: declineCode ?? null,
    challenge_url: status === 'requires_action' ? openChallenge(processor, id) : null,
    created_at: now,
  };
  processor.record({ put: 'agreement', record });
  if (status !== 'requires_action') processor.emit(`agreement.${status}`, record);
  return record;
}

/** An issuer agrees to no ceiling beyond what the card has. */
function declineReason(
  token: Token,
  { ceiling_minor, currency }: { ceiling_minor: string; currency: string },
  kind: CardMisbehaviourKind | undefined,
): string | undefined {
  if (!token.open) return 'invalid_account';
  if (currency !== token.currency) return 'currency_not_supported';
  if (kind === 'refuse_mandate') return 'do_not_honor';
  if (token.behaviour.kind === 'declines') return token.behaviour.code;
  return (
    declineOf(kind) ?? (availableMinor(token) < BigInt(ceiling_minor) ? 'insufficient_funds' : undefined)
  );
}

/** A challenge ends once: the first outcome stands. */
export function completeChallenge(
  processor: Processor,
  challengeId: string,
  outcome: 'succeeded' | 'failed',
): Challenge {
  const challenge = found(processor.state.challenges.get(challengeId), 'challenge');
  if (challenge.outcome !== null || challenge.expires_at <= processor.now()) return challenge;
  const record = { ...challenge, outcome };
  processor.record({ put: 'challenge', record });
  resolveTarget(processor, challenge.target, outcome === 'succeeded' ? undefined : 'authentication_failed');
  return record;
}

/** Challenges that nobody took up in time are declined. */
export function abandonChallenge(processor: Processor, record: Agreement | Authorization): void {
  const challenge = challengeOf(processor, record);
  if (!challenge || challenge.outcome !== null || challenge.expires_at > processor.now()) return;
  processor.record({ put: 'challenge', record: { ...challenge, outcome: 'failed' } });
  resolveTarget(processor, record.id, 'authentication_abandoned');
}

function challengeOf(processor: Processor, { challenge_url: url }: Agreement | Authorization) {
  return processor.state.challenges.get(url?.split('/').at(-1) ?? '');
}

function resolveTarget(processor: Processor, target: string, declineCode: string | undefined): void {
  const authorization = processor.state.authorizations.get(target);
  if (authorization) return authenticated(processor, authorization, declineCode);
  const agreement = found(processor.state.agreements.get(target), 'agreement');
  if (agreement.status !== 'requires_action') return;
  const status = declineCode ? 'declined' : 'active';
  const record: Agreement = { ...agreement, status, decline_code: declineCode ?? null, challenge_url: null };
  processor.record({ put: 'agreement', record });
  processor.emit(`agreement.${status}`, record);
}
