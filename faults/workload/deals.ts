/** One deal from its plan to a committed transaction, with what the client knows of it in the log. */
import { randomUUID } from 'node:crypto';
import { mandateFor } from '../../bin/demo/crowd';
import type { MixedDeal } from '../../bin/demo/mixed/deals';
import { AuraApiError } from '../../sdk';
import type { Cast } from './cast';
import type { ClientLog } from './log';
import type { DealPlan, FaultsFate } from './plan';

export interface FaultsDeal extends MixedDeal {
  fate: FaultsFate;
  /** The instruction that its rail took back. */
  takenBack?: string;
}

const INTENT = 'I need wireless headphones for my train commute, noise cancelling, at most 400 dollars';
const OFFER_SECONDS = 30;
const MANDATE_TRIES = 3;
/** What a party could not do at one look it does at a later one, however often something is in the way. */
const ACT_TRIES = 40;
const LOGGED_ACTS = ['deliver', 'cancel', 'refund', 'dispute'] as const;

/** What came of asking for a deal. One whose commit was not answered well may have come about all the same. */
export type Made =
  | { deal: FaultsDeal }
  | { unsure: { sessionId: string; dealOf: (transactionId: string) => FaultsDeal }; why: string }
  | { why: string };

export async function makeDeal(cast: Cast, log: ClientLog, plan: DealPlan): Promise<Made> {
  try {
    return await tryDeal(cast, log, plan);
  } catch (error) {
    const why = told(error);
    log.write({ what: 'not_made', number: plan.number, why });
    return { why };
  }
}

async function tryDeal(cast: Cast, log: ClientLog, plan: DealPlan): Promise<Made> {
  const { number, rail, fate, lot } = plan;
  const fallback = plan.fallback && rail !== 'rtp';
  const buyer = cast.nextBuyer(rail);
  const session = await buyer.scout.openSession({ intent: INTENT, offerTimeoutSeconds: OFFER_SECONDS });
  const offers = await buyer.scout.rankedOffers(session.session_id, { everyMs: 400 });
  const offer = offers[Math.floor(lot * offers.length)];
  const merchant = cast.merchants.find(({ beacon }) => beacon.agentId === offer?.beacon_id);
  if (!offer || !merchant) throw new Error('no offer was ranked');
  const mandates = new Map<string, string>();
  for (const [name, payer] of buyer.payers) {
    if (name !== rail && !fallback) continue;
    mandates.set(name, await again(() => mandateFor(name, payer, offer)));
  }
  const dealOf = (transactionId: string): FaultsDeal => ({
    plan: { ...plan, fate: fate === 'taken_back' ? 'deliver' : fate },
    fate,
    buyer,
    merchant,
    transactionId,
    done: new Map(),
    tries: ACT_TRIES,
    onDone(name) {
      const act = LOGGED_ACTS.find((one) => one === name);
      if (act) log.write({ what: 'acknowledged', act, transactionId });
    },
  });
  const key = randomUUID();
  const asked = { key, sessionId: session.session_id };
  try {
    const committed = await buyer.scout.commit(
      session.session_id,
      {
        offerId: offer.offer_id,
        rail,
        mandateId: mandates.get(rail),
        fallback,
        buyer: { name: `Buyer of deal ${number}` },
      },
      key,
    );
    const { transaction_id: transactionId } = committed;
    log.write({
      what: 'commit_acknowledged',
      ...asked,
      offerId: offer.offer_id,
      transactionId,
      rail,
      total: committed.amounts.total,
    });
    return { deal: dealOf(transactionId) };
  } catch (error) {
    const refused = error instanceof AuraApiError && error.status < 500;
    const why = told(error);
    log.write({ what: refused ? 'commit_refused' : 'commit_unanswered', ...asked, why });
    return { unsure: { sessionId: session.session_id, dealOf }, why };
  }
}

/** A network that refused or lost the question may take it the next time. */
async function again<T>(act: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await act();
    } catch (error) {
      if (tries === MANDATE_TRIES) throw error;
    }
  }
}

const told = (error: unknown) => (error instanceof Error ? error.message : String(error)).slice(0, 300);
