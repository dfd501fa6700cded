/** A client of protocol 1.0.0 as it would be written from the protocol's text alone: an API key, and HMAC by its secret. */
import { offerSigningBytes, type OfferDocument } from '../../domain/market/offer';
import { apiHmac, apiSigningBytes } from '../../domain/signatures/api-key';
import { VERSION_2 } from '../../domain/versions';
import { newKeyPair, type KeyPair } from '../../sdk';

/** Read with `text`, or held against what is expected. */
export interface Json {
  [field: string]: Json;
}

export function text(json: Json | undefined): string {
  return json as unknown as string;
}

export interface Answer1 {
  status: number;
  json: Json;
}

export interface Client1 {
  id: string;
  key: KeyPair;
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer1>;
}

/** Registers by the routes of version 1. */
export async function register1(
  baseUrl: string,
  role: 'scout' | 'beacon',
  more: Readonly<Record<string, unknown>> = {},
): Promise<Client1> {
  const key = newKeyPair();
  const said =
    role === 'scout'
      ? { agent_name: 'ShopBot', platform: 'test' }
      : {
          agent_name: 'Acme seller',
          merchant_name: 'Acme Electronics',
          merchant_domain: 'acme.example.com',
          categories: ['electronics'],
        };
  const registered = await fetch(`${baseUrl}/v1/agents/${role}s`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...said, public_key: key.publicKey, ...more }),
  });
  const json = (await registered.json()) as Record<string, string>;
  if (registered.status !== 201) throw new Error(`not registered: ${JSON.stringify(json)}`);
  const { api_key: apiKey = '', api_secret: apiSecret = '' } = json;
  return {
    id: json[`${role}_id`] ?? '',
    key,
    async send(method, path, body, headers = {}) {
      const text = body === undefined ? '' : JSON.stringify(body);
      const timestamp = new Date().toISOString();
      const response = await fetch(baseUrl + path, {
        method,
        headers: {
          authorization: `Bearer ${apiKey}`,
          'x-aura-timestamp': timestamp,
          'x-aura-signature': apiHmac(
            apiSigningBytes({ method, target: path, timestamp, body: text }),
            apiSecret,
          ),
          ...(text && { 'content-type': 'application/json' }),
          ...headers,
        },
        body: text || undefined,
      });
      return { status: response.status, json: JSON.parse((await response.text()) || 'null') as Json };
    },
  };
}

const V2 = { 'aura-version': VERSION_2 };
const TRIES = 300;
const EVERY_MS = 100;

/** A session in which this seller's offer is ranked. */
export async function rankedOffer1(
  scout: Client1,
  beacon: Client1,
  offer: OfferDocument,
): Promise<{ sessionId: string; offerId: string }> {
  const opened = await scout.send('POST', '/v1/sessions', intent, V2);
  if (opened.status !== 201) throw new Error(`no session: ${JSON.stringify(opened.json)}`);
  const sessionId = text(opened.json.session_id);
  const path = `/v1/sessions/${sessionId}`;
  await until(
    async () => text((await scout.send('GET', path, undefined, V2)).json.status) === 'collecting_offers',
  );
  const sent = JSON.parse(JSON.stringify(offer)) as OfferDocument;
  const signature = beacon.key.sign(offerSigningBytes({ sessionId, beaconId: beacon.id, offer: sent }));
  const answered = await beacon.send('POST', `${path}/offers`, { offers: [{ ...sent, signature }] }, V2);
  if (answered.status !== 201) throw new Error(`no offer: ${JSON.stringify(answered.json)}`);
  await until(
    async () => text((await scout.send('GET', path, undefined, V2)).json.status) === 'offers_available',
  );
  const ranked = await scout.send('GET', `${path}/offers`, undefined, V2);
  return { sessionId, offerId: text(ranked.json.offers?.[0]?.offer_id) };
}

const intent = {
  intent: 'I need wireless headphones for my commute, at most 400 dollars',
  offer_timeout_seconds: 10,
};

export async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  throw new Error('it did not come to that');
}

/** The body of a commit, as the protocol's example has it. */
export function commit1(offerId: string, paymentMethod: unknown) {
  return {
    offer_id: offerId,
    quantity: 1,
    buyer_identity: { name: 'Jane Doe', email: 'jane.doe@example.com', phone: '+1-555-123-4567' },
    shipping_address: {
      line1: '123 Main Street',
      city: 'San Francisco',
      state: 'CA',
      postal_code: '94102',
      country: 'US',
    },
    payment_method: paymentMethod,
    consent: {
      share_identity_with_merchant: true,
      share_email_for_order_updates: true,
      share_phone_for_delivery: true,
      marketing_opt_in: false,
      consent_timestamp: new Date().toISOString(),
      consent_method: 'explicit_user_action',
    },
  };
}
