/** The description of webhooks and WebSocket: valid, complete, derived from what is sent. */
import asyncApiSchema from '@asyncapi/specs/schemas/3.0.0-without-$id.json';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { asyncApiDocument } from '../../api/asyncapi';
import { messageSchemaOf } from '../../api/schemas/websocket';
import { BEACON_WEBHOOKS, SCOUT_WEBHOOKS } from '../../domain/notifications';

interface Document {
  asyncapi: string;
  channels: Record<string, { address: string | null; messages: Record<string, { $ref: string }> }>;
  operations: Record<string, { action: string; messages: { $ref: string }[] }>;
  components: {
    messages: Record<string, { name: string; payload: object }>;
    schemas: Record<string, object>;
  };
}

const document = asyncApiDocument() as unknown as Document;

test('it is valid AsyncAPI 3.0', () => {
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
  addFormats(ajv);
  const { $schema: _dialect, ...schema } = asyncApiSchema as Record<string, unknown>;
  const check = ajv.compile(schema);
  check(document);
  expect(check.errors).toBeNull();
  expect(document.asyncapi).toBe('3.0.0');
});

test('every webhook and every message of the WebSocket is in it', () => {
  const namesOf = (channel: string) =>
    Object.values(document.channels[channel]?.messages ?? {}).map(
      ({ $ref }) => document.components.messages[$ref.split('/').at(-1) ?? '']?.name,
    );
  expect(namesOf('beaconWebhook').sort()).toEqual([...BEACON_WEBHOOKS].sort());
  expect(namesOf('scoutWebhook').sort()).toEqual([...SCOUT_WEBHOOKS].sort());
  expect(new Set(namesOf('session'))).toEqual(new Set(['status_changed', 'offer_received', 'offers_ready']));
  expect(document.channels.session?.address).toBe('/ws/sessions/{session_id}');
});

test('every reference leads somewhere', () => {
  for (const [, path = ''] of JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const found = path
      .split('/')
      .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
    expect([path, typeof found]).toEqual([path, 'object']);
  }
});

test.each(['2026-01-01', '2026-04-01'] as const)(
  'a message of version %s is of one of its shapes',
  (version) => {
    const at = {
      event_id: 'evt_01KAJ8B5V4W9ZC2T7N0XQ3M6HD',
      session_id: 'ses_01KAJ8B5V4W9ZC2T7N0XQ3M6HD',
      timestamp: '2026-01-14T10:00:15Z',
    };
    const schema = messageSchemaOf(version);
    expect(schema.safeParse({ event: 'offers_ready', ...at, total_offers: 8 }).success).toBe(true);
    expect(
      schema.safeParse({ event: 'status_changed', ...at, status: 'offers_ready', clearing_status: null })
        .success,
    ).toBe(version === '2026-01-01');
  },
);
