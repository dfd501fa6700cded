/**
 * Signatures over AURA's webhooks, three of them, so that a receiver checks the one its tools know:
 * - `X-AURA-Timestamp` and `X-AURA-Signature: sig_<base64>`, the request signature of protocol 1.0.0;
 * - `webhook-id`, `webhook-timestamp`, `webhook-signature: v1a,<base64>` (Standard Webhooks, Ed25519);
 * - the body's own member `signature: "sig_<base64>"`, over the canonical JSON of the rest with a type tag.
 */
import { canonicalJson, sha256Hex } from './canonical';
import { verifySignature, type PublicKey, type Signer } from './keys';
import { SIGNATURE_WINDOW_MS } from './request-signature';

export const WEBHOOK_TYPE = 'aura.webhook.v1';
const PREFIX = 'sig_';
const STANDARD_PREFIX = 'v1a,';

export interface WebhookMessage {
  /** The event's id, the same for every attempt; a receiver that has seen it drops the message. */
  id: string;
  /** Path and query of the receiver's address, as in the request line. */
  target: string;
  body: string;
}

/** The headers of one attempt, signed for `now`. */
export function webhookHeaders(
  signer: Pick<Signer, 'sign'>,
  message: WebhookMessage,
  now: Date,
): Record<string, string> {
  const timestamp = now.toISOString();
  const seconds = String(Math.floor(now.getTime() / 1_000));
  return {
    'x-aura-timestamp': timestamp,
    'x-aura-signature': `${PREFIX}${signer.sign(auraBytes(message.target, timestamp, message.body))}`,
    'webhook-id': message.id,
    'webhook-timestamp': seconds,
    'webhook-signature': `${STANDARD_PREFIX}${signer.sign(standardBytes(message.id, seconds, message.body))}`,
  };
}

function auraBytes(target: string, timestamp: string, body: string): string {
  return `POST\n${target}\n${timestamp}\n${sha256Hex(body)}`;
}

function standardBytes(id: string, seconds: string, body: string): string {
  return `${id}.${seconds}.${body}`;
}

/** The message with AURA's signature in it. Members that are `undefined` are not sent and not signed. */
export function signWebhookBody<Body extends Record<string, unknown>>(
  signer: Pick<Signer, 'sign'>,
  body: Body,
): Body & { signature: string } {
  return { ...body, signature: `${PREFIX}${signer.sign(bodyBytes(body))}` };
}

function bodyBytes(body: Record<string, unknown>): string {
  return canonicalJson({ ...body, type: WEBHOOK_TYPE });
}

export interface ReceivedWebhook {
  /** Path and query of the request line, exactly as received. */
  target: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body's bytes as text, before any parsing. */
  body: string;
}

export type WebhookVerdict = { valid: true; id: string } | { valid: false; reason: string };

/**
 * Checks what a receiver got against AURA's keys (`GET /v1/keys`, each 32 bytes in base64). Every signature that is
 * there has to verify, at least one of the two in the headers must be there, and its instant lie within 5 minutes of
 * `now`.
 */
export function verifyWebhook(
  received: ReceivedWebhook,
  keys: readonly PublicKey[],
  now: Date = new Date(),
): WebhookVerdict {
  const header = (name: string) => single(received.headers[name]);
  const id = header('webhook-id');
  const checks = [
    header('x-aura-signature') !== undefined ? auraFault(received, header, keys, now) : undefined,
    header('webhook-signature') !== undefined ? standardFault(received, header, keys, now) : undefined,
  ];
  if (header('x-aura-signature') === undefined && header('webhook-signature') === undefined)
    return { valid: false, reason: 'no signature' };
  const fault = checks.find((reason) => reason !== undefined) ?? bodyFault(received.body, keys);
  if (fault !== undefined) return { valid: false, reason: fault };
  return id === undefined ? { valid: false, reason: 'no webhook-id' } : { valid: true, id };
}

type Header = (name: string) => string | undefined;

const single = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value);

function auraFault({ target, body }: ReceivedWebhook, header: Header, keys: readonly PublicKey[], now: Date) {
  const timestamp = header('x-aura-timestamp') ?? '';
  const signature = header('x-aura-signature') ?? '';
  if (!fresh(Date.parse(timestamp), now)) return 'x-aura-timestamp is outside of 5 minutes';
  const bytes = auraBytes(target, timestamp, body);
  return signature.startsWith(PREFIX) && anyVerifies(keys, bytes, signature.slice(PREFIX.length))
    ? undefined
    : 'x-aura-signature does not verify';
}

function standardFault({ body }: ReceivedWebhook, header: Header, keys: readonly PublicKey[], now: Date) {
  const seconds = header('webhook-timestamp') ?? '';
  if (!/^\d{1,12}$/.test(seconds) || !fresh(Number(seconds) * 1_000, now))
    return 'webhook-timestamp is outside of 5 minutes';
  const bytes = standardBytes(header('webhook-id') ?? '', seconds, body);
  // Signatures of several keys or schemes are separated by spaces; one that fits is enough.
  const fits = (header('webhook-signature') ?? '')
    .split(' ')
    .slice(0, SIGNATURES_MAX)
    .some(
      (one) => one.startsWith(STANDARD_PREFIX) && anyVerifies(keys, bytes, one.slice(STANDARD_PREFIX.length)),
    );
  return fits ? undefined : 'webhook-signature does not verify';
}

const SIGNATURES_MAX = 8;

function bodyFault(body: string, keys: readonly PublicKey[]): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return 'the body is not JSON';
  }
  return verifyWebhookBody(parsed, keys) ? undefined : "the body's signature does not verify";
}

/** Whether the body's own signature is AURA's. `body` is the parsed JSON, with nothing added or left out. */
export function verifyWebhookBody(body: unknown, keys: readonly PublicKey[]): boolean {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return false;
  const { signature, ...signed } = body as Record<string, unknown>;
  if (typeof signature !== 'string' || !signature.startsWith(PREFIX)) return false;
  return anyVerifies(keys, bodyBytes(signed), signature.slice(PREFIX.length));
}

const fresh = (at: number, now: Date) => Math.abs(now.getTime() - at) <= SIGNATURE_WINDOW_MS;

const anyVerifies = (keys: readonly PublicKey[], bytes: string, signature: string) =>
  keys.some((key) => verifySignature(key, bytes, signature));
