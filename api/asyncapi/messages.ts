/** Every message that AURA sends by itself, with the schema it follows and when it is sent. */
import type { z } from 'zod';
import { EVENT_CATALOGUE } from '../../domain/notifications';
import { VERSION_1, VERSION_2 } from '../../domain/versions';
import { BEACON_MESSAGES, SCOUT_MESSAGES } from '../schemas/webhooks';
import {
  offerReceived,
  offerReceived1,
  offersReady,
  statusChanged,
  statusChanged1,
} from '../schemas/websocket';

export interface Message {
  /** Unique in the document. */
  id: string;
  name: string;
  summary: string;
  schema: z.ZodType;
}

/** What the catalogue says of the events that a webhook of that name tells of. */
function whenOf(to: 'beacon' | 'scout', name: string): string {
  const when = Object.values(EVENT_CATALOGUE).flatMap((entry) => (entry[to] === name ? [entry.when] : []));
  return when.length > 0 ? `Sent when ${when.join('; or ')}.` : 'Sent when AURA has it to tell.';
}

function webhooks(to: 'beacon' | 'scout', schemas: Readonly<Record<string, z.ZodType>>): Message[] {
  return Object.entries(schemas).map(([name, schema]) => ({
    id: `${to}_${name}`,
    name,
    summary: whenOf(to, name),
    schema,
  }));
}

export const beaconMessages = (): Message[] => webhooks('beacon', BEACON_MESSAGES);
export const scoutMessages = (): Message[] => webhooks('scout', SCOUT_MESSAGES);

export function socketMessages(): Message[] {
  const of = (id: string, name: string, summary: string, schema: z.ZodType): Message => ({
    id: `session_${id}`,
    name,
    summary,
    schema,
  });
  const changed =
    'The session reached another status; the first message to a new client says the present one';
  const received = 'A seller answered with an offer';
  return [
    of('status_changed', 'status_changed', `${changed} (version ${VERSION_2}).`, statusChanged),
    of('status_changed_1', 'status_changed', `${changed} (version ${VERSION_1}).`, statusChanged1),
    of('offer_received', 'offer_received', `${received} (version ${VERSION_2}).`, offerReceived),
    of('offer_received_1', 'offer_received', `${received} (version ${VERSION_1}).`, offerReceived1),
    of('offers_ready', 'offers_ready', 'The offers are ranked and wait to be committed to.', offersReady),
  ];
}
