/** Who is told of an event, what of it, and by which webhook. */
import type { EventType } from '../events';
import { isId } from '../ids';
import { EVENT_CATALOGUE } from './catalogue';
import type { Audience, WebhookName } from './entry';

export interface ToldEvent {
  readonly type: EventType;
  readonly correlationId: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What the books say of those an event concerns. */
export interface EventFacts {
  /** The session's buyer. */
  readonly scoutId: string | null;
  readonly deal: {
    readonly id: string;
    readonly scoutId: string;
    readonly beaconId: string;
    /** T19 was taken; before, the seller knows nothing of the deal. */
    readonly authorized: boolean;
  } | null;
  /** Agents of the principal that the event names. */
  readonly agentsOfPrincipal: readonly string[];
}

/** The ids of agents that are told, each once, in the order of the catalogue's audiences. */
export function recipientsOf(event: ToldEvent, facts: EventFacts): string[] {
  const told = EVENT_CATALOGUE[event.type].to.flatMap((audience) => audienceOf(audience, event, facts));
  return [...new Set(told)];
}

function audienceOf(audience: Audience, { payload, ...event }: ToldEvent, facts: EventFacts): string[] {
  const { deal, scoutId } = facts;
  switch (audience) {
    case 'scout':
      return present(scoutId);
    case 'beacon':
      return agentIn(payload.beacon_id);
    case 'seller':
      return deal?.authorized ? [deal.beaconId] : [];
    case 'agent':
      return agentIn(payload.agent_id ?? payload.id ?? event.correlationId);
    case 'principal':
      return [...facts.agentsOfPrincipal];
    case 'short_sides': {
      const sides = Array.isArray(payload.sides) ? payload.sides : ['buyer'];
      return deal
        ? [
            ...(sides.includes('buyer') ? [deal.scoutId] : []),
            ...(sides.includes('seller') ? [deal.beaconId] : []),
          ]
        : [];
    }
  }
}

const present = (id: string | null) => (id === null ? [] : [id]);

function agentIn(value: unknown): string[] {
  return isId('beacon', value) || isId('scout', value) || isId('operator', value) ? [value] : [];
}

/** The part of an event's payload that agents are shown. */
export function payloadShown({ type, payload }: ToldEvent): Record<string, unknown> {
  const { fields } = EVENT_CATALOGUE[type];
  return Object.fromEntries(fields.filter((name) => name in payload).map((name) => [name, payload[name]]));
}

/** The webhook that tells an agent of the event, if one does. */
export function webhookOf(
  { type, payload }: ToldEvent,
  role: 'scout' | 'beacon' | 'operator',
): WebhookName | undefined {
  if (role === 'operator') return undefined;
  // A buyer that cancelled is told of that, and not of a failure first.
  if (type === 'transaction.declined' && role === 'scout' && payload.cancelled === true) return undefined;
  return EVENT_CATALOGUE[type][role];
}

/** The session that an event is about, if it is about one. */
export function sessionOf({ correlationId, payload }: ToldEvent): string | undefined {
  return [payload.session_id, correlationId].find((id): id is string => isId('session', id));
}

/** The principal that an event is about, if it is about one as such. */
export function principalOf({ type, payload }: ToldEvent): string | undefined {
  if (!EVENT_CATALOGUE[type].to.includes('principal')) return undefined;
  return [payload.principal_id, payload.id].find((id): id is string => isId('principal', id));
}
