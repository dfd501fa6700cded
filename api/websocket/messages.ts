/** From a session's events to the messages of its stream: one event says at most one thing. */
import { usdMinor } from '../../domain/clearing/exposure';
import { exponentOf, formatMoney } from '../../domain/money';
import { FIRST_STATE, stateAfter } from '../../domain/session-progress';
import type { DealState } from '../../domain/lifecycle';
import { sessionStatus1, VERSION_1, type ApiVersion } from '../../domain/versions';
import { usdPerUnit } from '../../store/commit-facts';
import type { Db } from '../../store/db';
import type { OutboxEvent } from '../../store/outbox';
import { reputations } from '../../store/reputation';
import { offerPreviews, type OfferPreview } from '../../store/session-events';
import type { SessionMessage } from '../schemas/websocket';
import { jsonNumber } from '../views/numbers';

export interface Told {
  event: OutboxEvent;
  /** Undefined where the event says nothing to the buyer. */
  message: SessionMessage | undefined;
}

export interface Narrator {
  /** The session's next events, in their order, as messages. */
  tell(events: readonly OutboxEvent[]): Promise<Told[]>;
  /** Where the session stands after what has been told. */
  readonly state: DealState;
}

export interface NarratorOptions {
  db: Db;
  version: ApiVersion;
  /** Whether the scout wanted to see sellers' reputation. */
  withReputation: boolean;
}

/** Tells one session from its first event on. */
export function createNarrator({ db, version, withReputation }: NarratorOptions): Narrator {
  let state = FIRST_STATE;
  let shown = '';

  function statusOf(): Record<string, unknown> {
    return version === VERSION_1
      ? { status: sessionStatus1(state) }
      : { status: state.market, clearing_status: state.clearing };
  }

  function messageOf(event: OutboxEvent, offers: ReadonlyMap<string, object>): SessionMessage | undefined {
    const frame = {
      event_id: event.id,
      session_id: event.correlationId,
      timestamp: event.at.toISOString(),
    };
    if (event.type === 'offer.received') {
      const offer = offers.get(String(event.payload.offer_id));
      return offer && ({ event: 'offer_received', ...frame, ...offer } as SessionMessage);
    }
    if (event.type === 'session.offers_ranked')
      return { event: 'offers_ready', ...frame, total_offers: Number(event.payload.offers) };
    state = stateAfter(state, event.type);
    const status = statusOf();
    const now = JSON.stringify(status);
    if (now === shown) return undefined;
    shown = now;
    return { event: 'status_changed', ...frame, ...status } as SessionMessage;
  }

  return {
    async tell(events) {
      const offerIds = events
        .filter(({ type }) => type === 'offer.received')
        .map(({ payload }) => String(payload.offer_id));
      const offers = await offersSeen(db, { offerIds, version, withReputation });
      return events.map((event) => ({ event, message: messageOf(event, offers) }));
    },
    get state() {
      return state;
    },
  };
}

async function offersSeen(
  db: Db,
  { offerIds, version, withReputation }: { offerIds: string[]; version: ApiVersion; withReputation: boolean },
): Promise<Map<string, object>> {
  const previews = await offerPreviews(db, offerIds);
  const scores = withReputation
    ? await reputations(db, [...new Set([...previews.values()].map(({ principalId }) => principalId))])
    : new Map<string, number>();
  const seen = new Map<string, object>();
  for (const offer of previews.values()) {
    const score = scores.get(offer.principalId) ?? null;
    seen.set(offer.id, {
      offer_id: offer.id,
      rank: offer.rank,
      beacon_id: offer.beaconId,
      preview: {
        product_name: offer.productName,
        ...(version === VERSION_1 ? { price_usd: await priceUsd(db, offer) } : priceOf(offer)),
        beacon_score: score,
      },
    });
  }
  return seen;
}

function priceOf({ asset, unitPriceMinor }: OfferPreview) {
  return { price: formatMoney({ amountMinor: BigInt(unitPriceMinor), asset }), currency: asset };
}

async function priceUsd(db: Db, { asset, unitPriceMinor }: OfferPreview): Promise<number | string | null> {
  const rate = await usdPerUnit(db, asset);
  if (rate === undefined) return null;
  const amountMinor = usdMinor({
    amountMinor: BigInt(unitPriceMinor),
    exponent: exponentOf(asset),
    usdPerUnit: rate,
  });
  return jsonNumber(formatMoney({ amountMinor, asset: 'USD' }));
}
