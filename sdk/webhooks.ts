/** Whether a webhook is AURA's: its signatures, by the keys that AURA publishes. */
import { parsePublicKey } from '../domain/keys';
import { verifyWebhook as verify, type WebhookVerdict } from '../domain/webhook-signature';
import { call, type HttpOptions } from './http';
import type { Schemas } from './types';

export type { WebhookVerdict } from '../domain/webhook-signature';

export interface ReceivedWebhook {
  headers: Headers | Readonly<Record<string, string | string[] | undefined>>;
  /** The body's bytes as text, before any parsing. */
  body: string;
  /**
   * Path and query of the request line. Without it, for instance behind a proxy that rewrites paths, `X-AURA-Signature`
   * is not looked at, and the Standard Webhooks headers alone decide.
   */
  target?: string;
  /** AURA's public keys, base64 of their 32 bytes: see `createAuraKeys`. */
  auraKeys: readonly string[];
  now?: Date;
}

/**
 * Checks what a receiver got: every signature that is there must verify, one of the two headers' must be there, and its
 * instant lie within 5 minutes of `now`. The event's id is the same for every attempt: drop what was seen before.
 */
export function verifyWebhook(received: ReceivedWebhook): WebhookVerdict {
  const { body, target, auraKeys, now = new Date() } = received;
  const headers = lowerCase(received.headers);
  if (target === undefined) delete headers['x-aura-signature'];
  return verify({ target: target ?? '', headers, body }, auraKeys, now);
}

function lowerCase(headers: ReceivedWebhook['headers']): Record<string, string | string[] | undefined> {
  const entries = headers instanceof Headers ? [...headers] : Object.entries(headers);
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), value]));
}

export interface AuraKeys {
  /** Base64 of 32 bytes each, from the cache for up to an hour. */
  current(): Promise<readonly string[]>;
  /** Read anew, at most once a minute: for a signature that the cached ones do not verify. */
  renewed(): Promise<readonly string[]>;
}

const CACHED_MS = 3_600_000;
const RENEWED_EVERY_MS = 60_000;

/** AURA's keys, read from `GET /v1/keys` and kept. */
export function createAuraKeys(http: HttpOptions): AuraKeys {
  let known: Promise<readonly string[]> | undefined;
  let readAt = 0;

  function notOlderThan(ageMs: number): Promise<readonly string[]> {
    if (known && Date.now() - readAt < ageMs) return known;
    readAt = Date.now();
    const before = known;
    // While AURA cannot be reached, the keys it had are the best there is.
    const reading = read(http).catch((error: unknown) => {
      known = before;
      if (before) return before;
      throw error;
    });
    known = reading;
    return reading;
  }
  return {
    current: () => notOlderThan(CACHED_MS),
    renewed: () => notOlderThan(RENEWED_EVERY_MS),
  };
}

async function read(http: HttpOptions): Promise<readonly string[]> {
  const { keys } = await call<Schemas['KeySet']>(http, { method: 'GET', path: '/v1/keys' });
  return keys.map(({ kty, crv, x }) => parsePublicKey({ kty, crv, x }));
}
