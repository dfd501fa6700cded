import { formatMoney } from '../domain/money';
import { methodOfRail } from '../domain/payments';
import type { RailName } from '../domain/settlement';
import { databaseNow } from '../store/clock';
import type { Trx } from '../store/db';
import { countOffers, type OfferForGate } from '../store/offers';
import type { Session } from '../store/sessions';

/** What `session.committed` says, protocol 1.0.0. */
export async function committed(
  trx: Trx,
  told: {
    transactionId: string;
    session: Session;
    offer: OfferForGate;
    totalUsdMinor: bigint;
    rail: RailName;
  },
) {
  const { transactionId, session, offer, totalUsdMinor, rail } = told;
  const [now, { all }] = await Promise.all([databaseNow(trx), countOffers(trx, session.id, offer.beaconId)]);
  return {
    session_id: session.id,
    scout_id: session.scoutId,
    beacon_id: offer.beaconId,
    offer_id: offer.id,
    transaction_id: transactionId,
    category: session.interpretation?.category ?? null,
    amount_usd: formatMoney({ amountMinor: totalUsdMinor, asset: 'USD' }),
    payment_method: methodOfRail(rail),
    cwr_score: offer.ranking === null ? null : Math.round(offer.ranking.cwr * 10) / 10,
    offer_rank: offer.rank,
    total_offers: all,
    session_duration_ms: now.getTime() - session.createdAt.getTime(),
  };
}
