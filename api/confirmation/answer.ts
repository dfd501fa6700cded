/** What a merchant's answer to a question about an order means. */
import type { WebhookReply } from '../webhooks/sender';

export type Verdict =
  | { kind: 'confirmed'; merchantOrderId: string | null }
  | { kind: 'declined'; reason: string }
  | { kind: 'unavailable'; reason: string }
  | { kind: 'timeout' };

/** Refusals by status alone: conflict, gone, unprocessable. */
const DECLINES = new Set([409, 410, 422]);
const ORDER_ID_MAX = 100;
const REASON_MAX = 200;
const NO_REASON = 'no reason given';

/**
 * 2xx confirms, also without a word: beacons written against protocol 1.0.0 know no such question and acknowledge
 * every message. `{"confirmed": false}` declines, as 409, 410 and 422 do.
 */
export function readReply(reply: WebhookReply): Verdict {
  if (reply.kind === 'timeout') return { kind: 'timeout' };
  if (reply.kind !== 'answered') return { kind: 'unavailable', reason: reply.reason };
  const said = parse(reply.body);
  if (DECLINES.has(reply.status)) return { kind: 'declined', reason: reasonOf(said.reason) };
  if (reply.status < 200 || reply.status > 299)
    return { kind: 'unavailable', reason: `the webhook answered ${reply.status}` };
  if (said.confirmed === false) return { kind: 'declined', reason: reasonOf(said.reason) };
  if (said.confirmed !== undefined && said.confirmed !== true)
    return { kind: 'unavailable', reason: '"confirmed" in the answer is neither true nor false' };
  const number = said.merchant_order_id ?? null;
  if (number === null) return { kind: 'confirmed', merchantOrderId: null };
  if (typeof number !== 'string' || number.length > ORDER_ID_MAX || !/^\P{C}*[^\s\p{C}]\P{C}*$/u.test(number))
    return {
      kind: 'unavailable',
      reason: `"merchant_order_id" in the answer is not a text of 1 to ${ORDER_ID_MAX} printable characters`,
    };
  return { kind: 'confirmed', merchantOrderId: number.trim() };
}

/** Whatever is not a JSON object says nothing. */
function parse(body: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** A stranger's words, on one line, without control or invisible characters, and short. */
function reasonOf(given: unknown): string {
  if (typeof given !== 'string') return NO_REASON;
  const plain = given
    .slice(0, REASON_MAX * 4)
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim();
  return [...plain].slice(0, REASON_MAX).join('').trim() || NO_REASON;
}
