/**
 * Money from a card: authorise, capture, read the capture again. Each step has an idempotency key derived from the
 * instruction, so that an inquiry can take up a submission wherever it broke off: it captures what is authorised while
 * the instruction stands and voids it afterwards, so that an expired instruction provably never executes.
 */
import type { Instruction, RailAnswer, SignedInstruction } from '../../domain/settlement';
import type { CardDeps } from './deps';
import { wrapEvidence, type SignedText } from './evidence';
import { isAbout, prove } from './proof';
import { detailOf, read, unanswered, unknown } from './reading';
import { authorizationSchema, captureSchema, listOf, type Authorization } from './wire';

interface Found {
  authorization: Authorization;
  signed: SignedText;
}

/** `agreement` is the payer's stored-credential agreement at the processor. */
export async function submitPayIn(
  deps: CardDeps,
  { instruction }: SignedInstruction,
  agreement: string,
  signal?: AbortSignal,
): Promise<RailAnswer> {
  const { instruction_id: id, amount_minor, asset: currency, commitment_hash } = instruction;
  const exchange = await deps.client.ask(
    {
      method: 'POST',
      path: '/authorizations',
      body: { agreement, amount_minor, currency, reference: id, commitment_hash },
      idempotencyKey: `authorization-${id}`,
    },
    signal,
  );
  const reading = read(exchange, authorizationSchema);
  if (reading.kind !== 'read') return unanswered(reading);
  const { value: authorization, signed } = reading;
  return carryOn(deps, instruction, { authorization, signed }, signal);
}

export async function inquirePayIn(
  deps: CardDeps,
  { instruction }: SignedInstruction,
  signal?: AbortSignal,
): Promise<RailAnswer> {
  const path = `/authorizations?reference=${encodeURIComponent(instruction.instruction_id)}`;
  const reading = read(await deps.client.ask({ method: 'GET', path }, signal), listOf(authorizationSchema));
  if (reading.kind === 'refused') return unknown(detailOf(reading));
  if (reading.kind !== 'read') return unanswered(reading);
  const { value: list, signed } = reading;
  const [authorization, ...more] = list.data;
  if (!authorization)
    return { outcome: 'not_found', detail: 'the processor does not know it', as_of: list.as_of };
  if (more.length > 0) return unknown('the processor has more than one authorisation for it');
  return carryOn(deps, instruction, { authorization, signed }, signal);
}

async function carryOn(
  deps: CardDeps,
  instruction: Instruction,
  found: Found,
  signal: AbortSignal | undefined,
): Promise<RailAnswer> {
  const { authorization } = found;
  if (!isAbout(authorization, instruction)) return unknown('the processor answered about something else');
  const expired = Date.parse(instruction.expires_at) <= deps.clock().getTime();
  switch (authorization.status) {
    case 'captured':
      return proveCapture(deps, instruction, authorization.capture, signal);
    case 'authorized':
      return expired
        ? release(deps, instruction, found, 'expired before it was captured', signal)
        : capture(deps, instruction, found, signal);
    case 'requires_action':
    case 'pending':
      return expired
        ? release(deps, instruction, found, 'expired before it was authorised', signal)
        : waiting(authorization);
    case 'declined':
    case 'voided':
    case 'expired':
      return over(found);
  }
}

function waiting({ status, challenge_url: url }: Authorization): RailAnswer {
  if (status !== 'requires_action' || url === null)
    return { outcome: 'pending', detail: 'the issuer has not decided' };
  return { outcome: 'pending', detail: '3-D Secure', action: { kind: 'challenge', url } };
}

/** An authorisation that can no longer be captured. */
function over({ authorization, signed }: Found, why?: string): RailAnswer {
  const declined = authorization.status === 'declined';
  const reason = declined
    ? (authorization.decline_code ?? 'card_declined')
    : `authorization_${authorization.status}`;
  const detail =
    why ?? (declined ? 'declined by the issuer' : `the authorisation is ${authorization.status}`);
  return { outcome: 'rejected', reason, detail, evidence: wrapEvidence('card:authorization', signed) };
}

async function capture(
  deps: CardDeps,
  instruction: Instruction,
  found: Found,
  signal: AbortSignal | undefined,
): Promise<RailAnswer> {
  const { instruction_id: id, amount_minor, asset: currency } = instruction;
  const exchange = await deps.client.ask(
    {
      method: 'POST',
      path: `/authorizations/${encodeURIComponent(found.authorization.id)}/capture`,
      body: { amount_minor, currency },
      idempotencyKey: `capture-${id}`,
    },
    signal,
  );
  const reading = read(exchange, captureSchema);
  if (reading.kind === 'read') return proveCapture(deps, instruction, reading.value.id, signal);
  if (reading.kind === 'refused')
    return release(deps, instruction, found, `not captured: ${detailOf(reading)}`, signal);
  return unknown(`authorised, and the capture is not known: ${reading.detail}`);
}

/** Gives the hold back. Only a voided authorisation is sure never to be captured. */
async function release(
  deps: CardDeps,
  instruction: Instruction,
  { authorization: { id } }: Found,
  why: string,
  signal: AbortSignal | undefined,
): Promise<RailAnswer> {
  const exchange = await deps.client.ask(
    {
      method: 'POST',
      path: `/authorizations/${encodeURIComponent(id)}/void`,
      body: {},
      idempotencyKey: `void-${instruction.instruction_id}`,
    },
    signal,
  );
  const reading = read(exchange, authorizationSchema);
  if (reading.kind !== 'read') return unknown(`${why}; whether it is released: ${detailOf(reading)}`);
  const { value: authorization, signed } = reading;
  if (authorization.status === 'captured' || !isAbout(authorization, instruction))
    return unknown(`${why}, but it was not released`);
  return over({ authorization, signed }, why);
}

/** Nothing is believed of a capture but what the processor says when it is asked for it again. */
async function proveCapture(
  deps: CardDeps,
  instruction: Instruction,
  captureId: string | null,
  signal: AbortSignal | undefined,
): Promise<RailAnswer> {
  if (captureId === null) return unknown('captured, but the processor names no capture');
  const path = `/captures/${encodeURIComponent(captureId)}`;
  const reading = read(await deps.client.ask({ method: 'GET', path }, signal), captureSchema);
  if (reading.kind !== 'read') return unknown(`captured, but not read again: ${detailOf(reading)}`);
  const { value: record, signed } = reading;
  if (record.id !== captureId || !isAbout(record, instruction))
    return unknown('the processor answered about another capture');
  const execution = {
    amountMinor: record.amount_minor,
    currency: record.currency,
    reference: record.id,
    businessDate: record.business_date,
    executedAt: record.captured_at,
  };
  // The lines come with the settlement report alone: a capture is no statement of the account.
  return {
    outcome: 'executed',
    proof: prove(deps, instruction, execution, 'card:capture', signed),
    lines: [],
  };
}
