/**
 * What merchants confirmed before commits. The question is stored before it is asked and the answer as soon as it is
 * there, so that a retry, or another process after a crash, does not ask again what has been answered.
 */
import { newId } from '../domain/ids';
import type { ApiVersion } from '../domain/versions';
import { rows, type Queryable, type Trx } from './db';
import { recordEvents } from './states';
import { openOne, seal } from './vault';

export interface Question {
  transactionId: string;
  sessionId: string;
  offerId: string;
  beaconId: string;
}

export interface AskedQuestion extends Question {
  eventId: string;
  askedAt: Date;
  /** Until when the merchant keeps the goods without hearing of the deal. */
  holdUntil: Date;
}

/** What stands of a question: nothing yet, a refusal for good, or a confirmation for as long as the hold lasts. */
export type Standing =
  | { kind: 'open' }
  | { kind: 'confirmed'; merchantOrderId: string | null }
  | { kind: 'declined'; refusal: string };

export async function standingOf(db: Queryable, transactionId: string): Promise<Standing> {
  const [found] = await rows<{ refusal: string | null; number: string | null; stands: boolean }>(
    db,
    `SELECT refusal, merchant_order_id AS number,
       answered_at IS NOT NULL AND released_at IS NULL AND hold_until > clock_timestamp() AS stands
     FROM order_confirmations WHERE transaction_id = ?`,
    [transactionId],
  );
  await openOne(db, 'order_confirmations', found, { refusal: 'refusal' }, () => transactionId);
  if (found && found.refusal !== null) return { kind: 'declined', refusal: found.refusal };
  return found?.stands ? { kind: 'confirmed', merchantOrderId: found.number } : { kind: 'open' };
}

/**
 * Stores that the question is asked now. Where it was asked before without an answer it keeps its event id, so that
 * the merchant knows it again; where an answer has lapsed with its hold it is another question.
 */
export async function insertQuestion(
  db: Queryable,
  question: Question,
  holdMs: number,
): Promise<AskedQuestion> {
  const [asked] = await rows<{ eventId: string; askedAt: Date; holdUntil: Date }>(
    db,
    `INSERT INTO order_confirmations AS c (transaction_id, event_id, session_id, offer_id, beacon_id, asked_at, hold_until)
     VALUES (:transaction, :event, :session, :offer, :beacon, now(), now() + :hold * interval '1 millisecond')
     ON CONFLICT (transaction_id) DO UPDATE SET
       event_id = CASE WHEN c.answered_at IS NULL AND c.released_at IS NULL THEN c.event_id ELSE excluded.event_id END,
       asked_at = excluded.asked_at, hold_until = excluded.hold_until,
       answered_at = NULL, merchant_order_id = NULL, released_at = NULL
     WHERE c.refusal IS NULL
     RETURNING event_id AS "eventId", asked_at AS "askedAt", hold_until AS "holdUntil"`,
    {
      transaction: question.transactionId,
      event: newId('event'),
      session: question.sessionId,
      offer: question.offerId,
      beacon: question.beaconId,
      hold: holdMs,
    },
  );
  if (!asked) throw new Error(`${question.transactionId} was declined before`);
  return { ...question, ...asked };
}

export async function recordConfirmed(
  db: Queryable,
  transactionId: string,
  merchantOrderId: string | null,
): Promise<void> {
  await db.raw(
    `UPDATE order_confirmations SET answered_at = clock_timestamp(), merchant_order_id = ? WHERE transaction_id = ?`,
    [merchantOrderId, transactionId],
  );
}

export async function recordDeclined(trx: Trx, transactionId: string, refusal: string): Promise<void> {
  const place = { row: transactionId, subject: transactionId };
  const sealed = await seal(trx, 'order_confirmations', place, { refusal });
  await trx.raw(
    `UPDATE order_confirmations SET answered_at = clock_timestamp(), refusal = ? WHERE transaction_id = ?`,
    [sealed.refusal, transactionId],
  );
}

/**
 * Tells a merchant that was asked that the deal did not come about. It does nothing where none was asked, or where it
 * declined or was told before.
 */
export async function releaseOrder(trx: Trx, transactionId: string): Promise<void> {
  const released = await rows<{ session_id: string; offer_id: string; beacon_id: string }>(
    trx,
    `UPDATE order_confirmations SET released_at = clock_timestamp()
     WHERE transaction_id = ? AND refusal IS NULL AND released_at IS NULL
     RETURNING session_id, offer_id, beacon_id`,
    [transactionId],
  );
  await recordEvents(
    trx,
    released.map((order) => ({
      type: 'order.released',
      correlationId: order.session_id,
      payload: { ...order, transaction_id: transactionId, reason: 'not_committed' },
    })),
  );
}

export async function wasAsked(db: Queryable, transactionId: string): Promise<boolean> {
  const found = await rows(
    db,
    'SELECT 1 FROM order_confirmations WHERE transaction_id = ? AND refusal IS NULL AND released_at IS NULL',
    [transactionId],
  );
  return found.length > 0;
}

/** Where an agent is asked, and in which version of the protocol. */
export async function webhookOf(
  db: Queryable,
  beaconId: string,
): Promise<{ webhookUrl: string | null; version: ApiVersion }> {
  const [found] = await rows<{ webhookUrl: string | null; version: ApiVersion }>(
    db,
    'SELECT webhook_url AS "webhookUrl", api_version AS version FROM agents WHERE id = ?',
    [beaconId],
  );
  if (!found) throw new Error(`no agent ${beaconId}`);
  return found;
}

export interface Turn {
  offerId: string;
  holder: string;
}

/** Takes the turn to ask about an offer, for so long; false where another has it. */
export async function takeTurn(db: Queryable, { offerId, holder }: Turn, forMs: number): Promise<boolean> {
  const taken = await rows(
    db,
    `INSERT INTO order_turns AS t (offer_id, holder, until)
     VALUES (?, ?, clock_timestamp() + ? * interval '1 millisecond')
     ON CONFLICT (offer_id) DO UPDATE SET holder = excluded.holder, until = excluded.until
     WHERE t.until <= clock_timestamp() RETURNING 1`,
    [offerId, holder, forMs],
  );
  return taken.length > 0;
}

/** Keeps the turn for longer, unless it was lost. */
export async function keepTurn(db: Queryable, { offerId, holder }: Turn, forMs: number): Promise<void> {
  await db.raw(
    `UPDATE order_turns SET until = clock_timestamp() + ? * interval '1 millisecond' WHERE offer_id = ? AND holder = ?`,
    [forMs, offerId, holder],
  );
}

export async function endTurn(db: Queryable, { offerId, holder }: Turn): Promise<void> {
  await db.raw('DELETE FROM order_turns WHERE offer_id = ? AND holder = ?', [offerId, holder]);
}
