import { EVENT_TYPES } from '../../domain/events';
import { EVENT_CATALOGUE, WEBHOOK_RETRY, type Audience } from '../../domain/notifications';
import { code, page, table } from './markdown';

const WHO: Readonly<Record<Audience, string>> = {
  scout: 'scout',
  beacon: 'the beacon named',
  seller: "the deal's beacon, once authorised",
  agent: 'the agent',
  principal: "the principal's agents",
  short_sides: 'the side that is short',
};

const EXAMPLE = {
  event_id: 'evt_01K…',
  event_type: 'session.committed',
  event_version: '1.0',
  timestamp: '2026-01-14T10:35:00.000Z',
  source: 'aura_core',
  correlation_id: 'ses_01K…',
  payload: { session_id: 'ses_01K…', transaction_id: 'txn_01K…', amount_usd: 381.49 },
  metadata: { environment: 'sandbox', region: 'local', aura_version: '1.0.0' },
};

const named = (name: string | undefined) => (name === undefined ? '–' : `\`${name}\``);

export function eventsPage(): string {
  const rows = EVENT_TYPES.map((type) => {
    const { when, to, fields, beacon, scout, socket } = EVENT_CATALOGUE[type];
    return [
      `\`${type}\``,
      when,
      fields.map((field) => `\`${field}\``).join(', '),
      to.length === 0 ? 'operators' : to.map((audience) => WHO[audience]).join('; '),
      named(beacon),
      named(scout),
      named(socket),
    ];
  });
  const seconds = WEBHOOK_RETRY.firstMs / 1_000;
  return page(
    'Events',
    'domain/notifications',
    'Every event is written with the change it tells of, and leaves at least once. `GET /v1/events?after=evt_…&limit=&wait=&types=` reads on from the last one that was read, in an order that never changes; an agent reads what it is told, an operator everything. Payloads are ids, states and amounts: no personal data is in them.',
    code('json', JSON.stringify(EXAMPLE, null, 2)),
    '## Webhooks',
    'A beacon with a `webhook_url` and a scout with a `callback_url` are told by `POST`, in the envelope `{event_id, event_type, timestamp, beacon_id | scout_id, payload, signature}`. `offer_request` has the request at the top as well. Who answers with 2xx within 5 seconds has taken it; redirects are not followed, answers are read up to 64 KiB.',
    `What is not taken is sent again, ${WEBHOOK_RETRY.attempts} times in all: after ${seconds} seconds, then each time after ${WEBHOOK_RETRY.factor} times as long, at most ${(WEBHOOK_RETRY.longest * seconds) / 3_600} hours, each pause longer by a random part; where \`Retry-After\` asks for a longer one, that is kept to, up to the same longest. Then it is dead: \`GET /v1/webhook-deliveries?status=dead\` lists it and \`POST /v1/webhook-deliveries/:id/redelivery\` sends it once more. A request for offers whose window is over is not sent. To one agent about one session messages come in order, the next when the one before was taken or given up. The same message may come twice, under the same \`event_id\`.`,
    'Each is signed by AURA with Ed25519 in three ways, by a key of `GET /v1/keys`: `X-AURA-Signature: sig_<base64>` over `POST\\nPATH?QUERY\\nX-AURA-Timestamp\\nSHA256(BODY)` (lower-case hex); `webhook-signature: v1a,<base64>` over `webhook-id.webhook-timestamp.BODY` (Standard Webhooks); and `signature` in the body, over the canonical JSON (RFC 8785) of all other members with `"type": "aura.webhook.v1"` added. Refuse a message whose time is more than 5 minutes off.',
    'Addresses are HTTPS on the public internet, checked after name resolution; in the sandbox any address is allowed.',
    '## Catalogue',
    table(
      [
        'event',
        'when',
        'payload',
        'told to, beside operators',
        'webhook to beacon',
        'webhook to scout',
        'WebSocket',
      ],
      rows,
    ),
  );
}
