/** The AsyncAPI 3.0 document: the session's WebSocket, and the webhooks to sellers and buyers. */
import { CURRENT_VERSION } from '../../domain/versions';
import { createSchemaBook, type Json, type SchemaBook } from '../openapi/schemas';
import { beaconMessages, scoutMessages, socketMessages, type Message } from './messages';

export interface Channel {
  id: string;
  title: string;
  /** Null for webhooks: the agent's own address. */
  address: string | null;
  description: string;
  parameters?: Json;
  bindings?: Json;
  messages: Message[];
}

const QUERY = {
  type: 'object',
  properties: {
    token: { type: 'string', description: 'An API key, for clients that cannot set headers.' },
    last_event_id: { type: 'string', description: 'The last event seen: the stream goes on behind it.' },
    'X-Agent-ID': { type: 'string' },
    'X-Timestamp': { type: 'string', format: 'date-time' },
    'X-Signature': {
      type: 'string',
      description: 'Over GET\\nPATH\\nTIMESTAMP\\n, the path without its query. In a query it counts once.',
    },
    'AURA-Version': { type: 'string' },
  },
};

const WEBHOOK = `POST with JSON, answered 2xx within 5 seconds, else sent again with growing pauses; in order for each
session, at least once. Signed with AURA's Ed25519 key: X-AURA-Timestamp and X-AURA-Signature (protocol 1.0.0), webhook-id,
webhook-timestamp and webhook-signature (Standard Webhooks), and the body's own \`signature\`.`;

export function channels(): Channel[] {
  return [
    {
      id: 'session',
      title: 'A session, live',
      address: '/ws/sessions/{session_id}',
      description: `A session's events to its own scout, each once and in order, until the session ends: then the server
closes with 1000. It closes with 1013 when the client reads too slowly and with 1001 when it stops, or after an hour: come back with
last_event_id (or the header Last-Event-ID), and nothing is missed. A new client is told the present status first, then
what has happened in it. Authenticated like any request: an API key (Authorization: Bearer, or ?token=), or a signature
over GET\\nPATH\\nTIMESTAMP\\n in the headers X-Agent-ID, X-Timestamp and X-Signature or in query parameters of those names.
What the client sends is not read; the server pings every 20 seconds.`,
      parameters: { session_id: { description: 'The session, ses_…' } },
      bindings: { ws: { method: 'GET', query: QUERY, bindingVersion: '0.1.0' } },
      messages: socketMessages(),
    },
    {
      id: 'beaconWebhook',
      title: 'Webhooks to sellers',
      address: null,
      description: `To the webhook_url of a beacon. ${WEBHOOK}`,
      messages: beaconMessages(),
    },
    {
      id: 'scoutWebhook',
      title: 'Webhooks to buyers',
      address: null,
      description: `To the callback_url of a scout. ${WEBHOOK}`,
      messages: scoutMessages(),
    },
  ];
}

export function asyncApiDocument(): Json {
  const book = createSchemaBook();
  const all = channels();
  const messages = Object.fromEntries(
    all.flatMap(({ messages: list }) => list.map((message) => [message.id, messageOf(message, book)])),
  );
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'AURA clearinghouse: events',
      version: CURRENT_VERSION,
      description: 'What AURA tells of its own accord. The rest of the API is described at /openapi.json.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(all.map((channel) => [channel.id, channelOf(channel)])),
    operations: Object.fromEntries(all.map((channel) => [`${channel.id}Send`, operationOf(channel)])),
    components: {
      messages,
      schemas: book.named(),
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key with the scope session:read.' },
        signature: {
          type: 'httpApiKey',
          in: 'header',
          name: 'X-Signature',
          description: 'Protocol 2.2: Ed25519, base64, with X-Agent-ID and X-Timestamp.',
        },
      },
    },
  };
}

function messageOf({ name, summary, schema }: Message, book: SchemaBook): Json {
  return {
    name,
    title: name,
    summary,
    contentType: 'application/json',
    payload: book.schemaOf(schema, 'output'),
  };
}

function channelOf({ title, address, description, parameters, bindings, messages }: Channel): Json {
  return {
    title,
    address,
    description,
    ...(parameters && { parameters }),
    ...(bindings && { bindings }),
    messages: Object.fromEntries(messages.map(({ id }) => [id, { $ref: `#/components/messages/${id}` }])),
  };
}

function operationOf({ id, title, address, messages }: Channel): Json {
  return {
    action: 'send',
    channel: { $ref: `#/channels/${id}` },
    summary: title,
    ...(address !== null && {
      security: [
        { $ref: '#/components/securitySchemes/apiKey' },
        { $ref: '#/components/securitySchemes/signature' },
      ],
    }),
    messages: messages.map((message) => ({ $ref: `#/channels/${id}/messages/${message.id}` })),
  };
}
