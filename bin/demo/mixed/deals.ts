/** The buyers and sellers of a mixed run: they make their deals and do with each what is planned for it. */
import { respondentOf } from '../../../domain/clearing/disputes';
import type { HttpOptions } from '../../../sdk';
import type { Environment } from '../../environment';
import { post } from '../../purse';
import { createBuyer, type Buyer, type Issuers, type Merchant } from '../cast';
import { mandateFor } from '../crowd';
import type { Plan } from './plan';
import type { Standing } from './standing';

export interface MixedDeal {
  plan: Plan;
  buyer: Buyer;
  merchant: Merchant;
  transactionId: string;
  /** What was done already, and how often it was tried. */
  done: Map<string, number>;
  /** How often each thing is tried; four times by default. */
  tries?: number;
  /** Hears of what was acknowledged. */
  onDone?: (name: string) => void;
}

export interface Cast {
  environment: Environment;
  http: HttpOptions;
  issuers: Issuers;
  merchants: readonly Merchant[];
  intent: string;
}

const TRIES = 4;
const OFFER_SECONDS = 30;

/** From a new buyer to a committed deal. A rail that refuses the mandate is asked again, with other means of payment. */
export async function makeDeal(cast: Cast, plan: Plan): Promise<MixedDeal> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryDeal(cast, plan, attempt);
    } catch (error) {
      if (attempt === TRIES) throw error;
    }
  }
}

async function tryDeal(cast: Cast, plan: Plan, attempt: number): Promise<MixedDeal> {
  const { environment, http, issuers, merchants, intent } = cast;
  const rails = plan.fallback && plan.rail !== 'rtp' ? [plan.rail, 'rtp' as const] : [plan.rail];
  const number = plan.number * 10 + attempt;
  const buyer = await createBuyer(environment.platform, http, issuers, {
    name: `Buyer ${plan.number}`,
    rails,
    number,
  });
  const session = await buyer.scout.openSession({ intent, offerTimeoutSeconds: OFFER_SECONDS });
  const offers = await buyer.scout.rankedOffers(session.session_id, { everyMs: 300 });
  const offer = offers[Math.floor(plan.lot * offers.length)];
  const merchant = merchants.find(({ beacon }) => beacon.agentId === offer?.beacon_id);
  if (!offer || !merchant) throw new Error('no offer was ranked');
  const mandates = new Map<string, string>();
  for (const [rail, payer] of buyer.payers) mandates.set(rail, await mandateFor(rail, payer, offer));
  const deal = await buyer.scout.commit(session.session_id, {
    offerId: offer.offer_id,
    rail: plan.rail,
    mandateId: mandates.get(plan.rail),
    fallback: rails.length > 1,
    buyer: { name: `Buyer ${plan.number}` },
  });
  const made = { plan, buyer, merchant, transactionId: deal.transaction_id, done: new Map<string, number>() };
  if (plan.fate === 'cancel_at_once') {
    await once(made, 'cancel', () => buyer.scout.cancelTransaction(deal.transaction_id));
  }
  return made;
}

/** The next thing that the parties do about a deal, where there is one. */
export async function tend(deal: MixedDeal, standing: Standing): Promise<void> {
  const { buyer, merchant, transactionId: id } = deal;
  if (standing.actionUrl) {
    const { actionUrl: url } = standing;
    await once(deal, `confirm ${url}`, () => post(url, { outcome: 'succeeded' }));
  }
  if (standing.dispute?.status === 'open') {
    const { id: disputeId, side, reason } = standing.dispute;
    const party = respondentOf({ side, reason }) === 'seller' ? merchant.beacon : buyer.scout;
    const position = deal.plan.lot < 0.5 ? ('accept' as const) : ('contest' as const);
    await once(deal, `answer ${disputeId}`, () =>
      party.disputes.answer(disputeId, { position, statement: 'As we see it.' }),
    );
    return;
  }
  const paid = standing.clearing === 'settled' || standing.clearing === 'cleared';
  if (standing.market === 'committed' && paid) return afterPayment(deal);
  if (standing.market === 'completed' && standing.clearing === 'cleared') return afterDelivery(deal, id);
}

async function afterPayment(deal: MixedDeal): Promise<void> {
  const { plan, buyer, merchant, transactionId: id } = deal;
  if (plan.fate === 'cancel_at_once') return;
  if (plan.fate === 'cancel_paid') {
    return once(deal, 'cancel', () => buyer.scout.cancelTransaction(id, 'changed my mind'));
  }
  if (plan.fate === 'dispute_early') return dispute(deal);
  await once(deal, 'deliver', () => merchant.beacon.reportDelivery(id, { carrier: 'demo courier' }));
}

async function afterDelivery(deal: MixedDeal, id: string): Promise<void> {
  switch (deal.plan.fate) {
    case 'refund_part':
      return once(deal, 'refund', () =>
        deal.merchant.beacon.refund(id, { amount: '25.00', reason: 'a scratch' }),
      );
    case 'refund_all':
      return once(deal, 'refund', () => deal.merchant.beacon.refund(id, { reason: 'sent back' }));
    case 'dispute_late':
      return dispute(deal);
    default:
      return;
  }
}

function dispute(deal: MixedDeal): Promise<void> {
  const whole = deal.plan.lot < 0.3;
  return once(deal, 'dispute', () =>
    deal.buyer.scout.disputes.file(deal.transactionId, {
      reason: 'not_as_described',
      description: 'It is not what the offer said.',
      ...(whole ? { remedy: 'refund' as const } : { remedy: 'partial_refund' as const, amount: '40.00' }),
    }),
  );
}

/** Does something until it has worked, a few times at most: the deal may have moved on meanwhile. */
export async function once(deal: MixedDeal, name: string, act: () => Promise<unknown>): Promise<void> {
  const { tries = TRIES } = deal;
  const tried = deal.done.get(name) ?? 0;
  if (tried >= tries) return;
  deal.done.set(name, tried + 1);
  try {
    await act();
    deal.done.set(name, tries);
    deal.onDone?.(name);
  } catch {
    // Its next turn comes with the next look.
  }
}
