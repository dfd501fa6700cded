/**
 * The merchant's confirmation. A beacon with a webhook is asked during the commit, before anything is committed,
 * whether offer and order stand. It is asked once for a transaction, and about one offer by one commit at a time:
 * whoever comes second waits, without holding a connection, until the first is decided.
 */
import { setTimeout } from 'node:timers/promises';
import { AuraError, ERROR_CATALOGUE, refusal, toError, type Refusal } from '../../domain/errors';
import { newId } from '../../domain/ids';
import { inTransaction, type Db } from '../../store/db';
import {
  endTurn,
  insertQuestion,
  keepTurn,
  recordConfirmed,
  recordDeclined,
  releaseOrder,
  standingOf,
  takeTurn,
  wasAsked,
  type Question,
  type Turn,
} from '../../store/confirmations';
import { lockKeyOf, setOutcome } from '../../store/idempotency';
import { recordAudit } from '../../store/states';
import { findDeal } from '../../store/transactions';
import type { ApiDeps } from '../deps';
import { readReply, type Verdict } from './answer';
import { questionBody, type OrderTerms } from './question';

export interface Order extends Question, OrderTerms {
  scoutId: string;
  /** The merchant's webhook. */
  url: string;
}

/** How long a merchant keeps the goods for a deal it hears no more of: as long as the buyer's consent counts. */
const HOLD_MS = 15 * 60_000;
/** What an API process needs around the exchange itself; when it is over, the process is taken for dead. */
const SLACK_MS = 2_000;
const FIRST_POLL_MS = 25;
const LAST_POLL_MS = 200;

/** Ends the turn, once the commit is decided. */
export type EndTurn = () => Promise<void>;

/**
 * Has the order confirmed, or finds that it was. Throws `BUSINESS_RULE_VIOLATION` where the merchant declines, for
 * good, and `BEACON_UNAVAILABLE`, `BEACON_TIMEOUT` or `SERVICE_UNAVAILABLE` where trying again can help. `recheck`
 * refuses what another commit has decided in the meantime.
 */
export async function confirmOrder(
  deps: ApiDeps,
  order: Order,
  recheck: () => Promise<unknown>,
): Promise<EndTurn> {
  const { db, config } = deps;
  const turn = { offerId: order.offerId, holder: newId('request') };
  const askingMs = config.confirmationTimeoutMs + SLACK_MS;
  if (await standsAfterWaiting(db, order, turn, askingMs, recheck)) return async () => undefined;
  try {
    await recheck();
    // A twin of this commit may have had the turn before.
    if (!(await stands(db, order.transactionId))) await ask(deps, order);
    await keepTurn(db, turn, config.commitWaitMs + SLACK_MS);
  } catch (error) {
    await endTurn(db, turn);
    throw error;
  }
  return () => endTurn(db, turn);
}

/** True where the order is confirmed already, false once the turn is taken. */
async function standsAfterWaiting(
  db: Db,
  { transactionId }: Order,
  turn: Turn,
  askingMs: number,
  recheck: () => Promise<unknown>,
): Promise<boolean> {
  const deadline = Date.now() + askingMs + SLACK_MS;
  for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(LAST_POLL_MS, pauseMs * 2)) {
    if (await stands(db, transactionId)) return true;
    if (await takeTurn(db, turn, askingMs)) return false;
    if (Date.now() > deadline)
      throw new AuraError(
        'SERVICE_UNAVAILABLE',
        'Another commit to this offer is being decided; try again with the same key.',
      );
    await setTimeout(pauseMs * (0.5 + Math.random() * 0.5));
    await recheck();
  }
}

async function stands(db: Db, transactionId: string): Promise<boolean> {
  const standing = await standingOf(db, transactionId);
  if (standing.kind === 'declined') throw toError(declined(standing.refusal));
  return standing.kind === 'confirmed';
}

async function ask({ db, webhooks, signer, config, log }: ApiDeps, order: Order): Promise<void> {
  const { confirmationTimeoutMs: timeoutMs } = config;
  const asked = await insertQuestion(db, order, HOLD_MS);
  const reply = await webhooks.post({
    url: order.url,
    id: asked.eventId,
    body: questionBody(signer, asked, order, timeoutMs),
    timeoutMs,
  });
  const verdict = readReply(reply);
  log.info(
    { transaction_id: order.transactionId, beacon_id: order.beaconId, verdict: verdict.kind },
    'the merchant was asked',
  );
  await record(db, order, verdict);
}

/** Stores the answer, and throws where it is not a confirmation. */
async function record(db: Db, order: Order, verdict: Verdict): Promise<void> {
  switch (verdict.kind) {
    case 'confirmed':
      return recordConfirmed(db, order.transactionId, verdict.merchantOrderId);
    case 'declined': {
      const why = declined(verdict.reason);
      await inTransaction(db, async (trx) => {
        await lockKeyOf(trx, order.transactionId);
        await recordDeclined(trx, order.transactionId, verdict.reason);
        await setOutcome(trx, order.transactionId, { refusal: why });
        await recordAudit(trx, {
          actor: order.scoutId,
          action: 'commit.refused',
          subject: order.sessionId,
          detail: {
            transaction_id: order.transactionId,
            offer_id: order.offerId,
            code: why.code,
            ...why.details,
          },
        });
      });
      throw toError(why);
    }
    case 'unavailable':
      throw new AuraError('BEACON_UNAVAILABLE', 'The seller could not be asked to confirm the order.', {
        step: 'merchant',
        reason: verdict.reason,
      });
    case 'timeout':
      throw new AuraError('BEACON_TIMEOUT', 'The seller did not confirm the order in time.', {
        step: 'merchant',
        reason: 'timeout',
      });
  }
}

function declined(reason: string): Refusal {
  return refusal(
    'BUSINESS_RULE_VIOLATION',
    { step: 'merchant', rule: 'merchant_declined', reason },
    'The seller declined the order.',
  );
}

/**
 * Runs what can refuse a commit for good before the gate sees it. Where it refuses an order that a merchant was asked
 * about, the refusal is kept as the commit's outcome and the merchant is told.
 */
export async function orRelease<T>(db: Db, transactionId: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const final = error instanceof AuraError && !ERROR_CATALOGUE[error.code].retryable;
    if (final && (await wasAsked(db, transactionId))) await lose(db, transactionId, error);
    throw error;
  }
}

/** A twin of the commit may be in the gate now: whoever locks the key first decides. */
async function lose(db: Db, transactionId: string, { code, message, details }: AuraError): Promise<void> {
  await inTransaction(db, async (trx) => {
    const record = await lockKeyOf(trx, transactionId);
    if (!record || record.outcome || (await findDeal(trx, transactionId))) return;
    await setOutcome(trx, transactionId, { refusal: { code, message, details } });
    await releaseOrder(trx, transactionId);
  });
}
