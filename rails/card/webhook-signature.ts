/**
 * Signatures of webhooks by the Standard Webhooks scheme: HMAC-SHA256 over `id.timestamp.payload`, sent as
 * `v1,<base64>`; several signatures are separated by spaces while a secret is being changed. The secret is
 * `whsec_<base64>`.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export const WEBHOOK_ID_HEADER = 'webhook-id';
export const WEBHOOK_TIMESTAMP_HEADER = 'webhook-timestamp';
export const WEBHOOK_SIGNATURE_HEADER = 'webhook-signature';
export const WEBHOOK_TOLERANCE_MS = 5 * 60_000;

const SECRET_PREFIX = 'whsec_';
const MAX_SIGNATURES = 10;

export interface SignedWebhook {
  id: string;
  /** Unix seconds. */
  timestamp: string;
  signature: string;
  payload: string;
}

export function signWebhook(
  secret: string,
  { id, timestamp, payload }: Omit<SignedWebhook, 'signature'>,
): string {
  return `v1,${macOf(secret, id, timestamp, payload).toString('base64')}`;
}

/** What is wrong with a webhook, or undefined. */
export function webhookDefect(
  secret: string,
  { id, timestamp, signature, payload }: SignedWebhook,
  now: Date,
  toleranceMs = WEBHOOK_TOLERANCE_MS,
): 'unsigned' | 'too_old_or_new' | undefined {
  if (!/^\d{1,12}$/.test(timestamp)) return 'unsigned';
  const expected = macOf(secret, id, timestamp, payload);
  const offered = signature.split(' ').slice(0, MAX_SIGNATURES);
  if (!offered.some((one) => isSame(one, expected))) return 'unsigned';
  return Math.abs(now.getTime() - Number(timestamp) * 1_000) <= toleranceMs ? undefined : 'too_old_or_new';
}

function isSame(offered: string, expected: Buffer): boolean {
  if (!offered.startsWith('v1,')) return false;
  const given = Buffer.from(offered.slice('v1,'.length), 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function macOf(secret: string, id: string, timestamp: string, payload: string): Buffer {
  if (!secret.startsWith(SECRET_PREFIX)) throw new Error(`a webhook secret begins with ${SECRET_PREFIX}`);
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
  return createHmac('sha256', key).update(`${id}.${timestamp}.${payload}`).digest();
}
