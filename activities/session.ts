/** A session's market side: interpret, discover, rank, and end without a deal. */
import { refusal, type Refusal } from '../domain/errors';
import { newId } from '../domain/ids';
import { findMove, type TransitionId } from '../domain/lifecycle';
import { RANKING_ALGORITHM } from '../domain/market/ranking';
import { projectRequest } from '../domain/market/projection';
import { databaseNow } from '../store/clock';
import { inTransaction, type Trx } from '../store/db';
import { setRanking } from '../store/offers';
import {
  findSession,
  insertRequest,
  lockSession,
  openOfferWindow,
  setExpiry,
  setFailure,
  setInterpretation,
  type Session,
  type StoredInterpretation,
} from '../store/sessions';
import { recordChange } from '../store/states';
import type { ActivityDeps } from './deps';
import { discoverBeacons, type Discovered } from './discovery';
import { rankOffersOf } from './rank';

export type OpenedSession =
  | { state: 'collecting_offers'; offersDueInMs: number }
  | { state: 'failed'; refusal: Refusal }
  | { state: 'other' };

export function sessionActivities({ db, interpreter, embedder, profiles, policies }: ActivityDeps) {
  return {
    /** T1 or T4: interprets the intent, asks the sellers that fit, opens the window for offers. */
    async openSession({ sessionId }: { sessionId: string }): Promise<OpenedSession> {
      const interpreted = await interpret(sessionId);
      return inTransaction(db, async (trx) => {
        const session = await lockSession(trx, sessionId);
        if (session.marketState === 'collecting_offers') return opened(trx, session);
        if (session.marketState === 'failed' && session.failure) {
          return { state: 'failed', refusal: session.failure as Refusal };
        }
        if (session.marketState !== 'created') return { state: 'other' };
        if ('refusal' in interpreted) return fail(trx, session, ['T1'], interpreted.refusal);
        const [, found] = await Promise.all([
          setInterpretation(trx, sessionId, interpreted),
          discoverBeacons(trx, { profiles, policies }, session, interpreted),
        ]);
        if (found.asked.length === 0) {
          const details = {
            category: interpreted.category,
            ...(found.passedOver.length > 0 && { kept_out_by_policies: found.passedOver.length }),
          };
          const why = refusal('NO_MATCHING_BEACONS', details);
          return fail(trx, session, ['T1', 'T1'], why, { passed_over: found.passedOver });
        }
        return ask(trx, session, interpreted, found);
      });
    },

    /** T2, or T9 where no offer is valid. */
    async rankSession({ sessionId }: { sessionId: string }): Promise<{ state: string; expiresInMs: number }> {
      return inTransaction(db, async (trx) => {
        const session = await lockSession(trx, sessionId);
        if (session.marketState !== 'collecting_offers') return endOf(trx, session);
        const ranked = await rankOffersOf(trx, session);
        const kept = ranked.filter(({ rank: place }) => place !== null).length;
        if (kept === 0) {
          await end(trx, session, 'T9', 'session.expired', 'session.expired');
          return { state: 'expired', expiresInMs: 0 };
        }
        const stored = setRanking(trx, ranked);
        const expiring = setExpiry(trx, sessionId, profiles[session.profileId].commitWindowMs);
        const changed = recordChange(trx, {
          sessionId,
          transactionId: null,
          state: { market: session.marketState, clearing: null },
          steps: [{ transition: 'T2', detail: { offers: kept } }],
          actor: 'aura',
          events: [
            {
              type: 'session.offers_collected',
              correlationId: sessionId,
              payload: { session_id: sessionId },
            },
            {
              type: 'session.offers_ranked',
              correlationId: sessionId,
              payload: { session_id: sessionId, offers: kept, algorithm: RANKING_ALGORITHM },
            },
          ],
          audit: { action: 'session.ranked', detail: { ranked } },
        });
        await Promise.all([stored, expiring, changed]);
        return { state: 'offers_available', expiresInMs: profiles[session.profileId].commitWindowMs };
      });
    },

    /** T12. */
    async expireSession({ sessionId }: { sessionId: string }): Promise<{ state: string }> {
      return inTransaction(db, async (trx) => {
        const session = await lockSession(trx, sessionId);
        if (session.marketState !== 'offers_available') return { state: session.marketState };
        await end(trx, session, 'T12', 'session.expired', 'session.expired');
        return { state: 'expired' };
      });
    },

    /** T10 or T11, where the session can still be cancelled. */
    async cancelSession({
      sessionId,
      by,
    }: {
      sessionId: string;
      by: string;
    }): Promise<{ state: string; cancelled: boolean }> {
      return inTransaction(db, async (trx) => {
        const session = await lockSession(trx, sessionId);
        if (session.marketState === 'cancelled') return { state: 'cancelled', cancelled: true };
        const state = { market: session.marketState, clearing: null };
        const transition = (['T10', 'T11'] as const).find((id) => findMove(id, state));
        if (!transition) return { state: session.marketState, cancelled: false };
        await end(trx, session, transition, 'session.cancelled', 'session.cancelled', by);
        return { state: 'cancelled', cancelled: true };
      });
    },
  };

  async function interpret(sessionId: string): Promise<StoredInterpretation | { refusal: Refusal }> {
    const session = await findSession(db, sessionId);
    if (!session) throw new Error(`no session ${sessionId}`);
    const result = await interpreter.interpret({
      intent: session.rawIntent,
      constraints: session.asked.constraints,
      context: {
        useCase: session.asked.context?.use_case,
        country: session.asked.context?.location?.country,
      },
      now: session.createdAt,
    });
    if (!result.ok) {
      return {
        refusal: refusal('INTERPRETATION_FAILED', { field: 'intent', reason: result.reason }, result.detail),
      };
    }
    return {
      ...result.interpretation,
      requestId: newId('request'),
      interpretedAt: new Date().toISOString(),
    };
  }

  async function ask(
    trx: Trx,
    session: Session,
    interpretation: StoredInterpretation,
    { asked, passedOver }: Discovered,
  ): Promise<OpenedSession> {
    const { requestId } = interpretation;
    const projection = projectRequest(session.id, session.profileId, interpretation);
    const requested = insertRequest(trx, {
      id: requestId,
      sessionId: session.id,
      projection,
      embedding: embedder.embed(interpretation.context.content),
      recipients: asked,
    });
    const opened = openOfferWindow(trx, session.id);
    const changed = recordChange(trx, {
      sessionId: session.id,
      transactionId: null,
      state: { market: 'created', clearing: null },
      steps: [
        { transition: 'T1', key: 'T1:interpreting' },
        { transition: 'T1', key: 'T1:discovering', detail: { category: interpretation.category } },
        { transition: 'T1', key: 'T1:collecting_offers', detail: { beacons: asked.length } },
      ],
      actor: 'aura',
      events: [
        {
          type: 'session.interpreted',
          correlationId: session.id,
          payload: { session_id: session.id, request_id: requestId, category: interpretation.category },
        },
        ...asked.map(({ beaconId }) => ({
          type: 'offer.requested' as const,
          correlationId: session.id,
          payload: { session_id: session.id, request_id: requestId, beacon_id: beaconId },
        })),
      ],
      audit: {
        action: 'session.opened',
        detail: { beacons: asked.map(({ beaconId }) => beaconId), passed_over: passedOver },
      },
    });
    await Promise.all([requested, opened, changed]);
    return { state: 'collecting_offers', offersDueInMs: session.offerTimeoutMs };
  }
}

async function opened(trx: Trx, session: Session): Promise<OpenedSession> {
  const now = await databaseNow(trx);
  const dueAt = session.offersDueAt ?? now;
  return { state: 'collecting_offers', offersDueInMs: Math.max(0, dueAt.getTime() - now.getTime()) };
}

async function endOf(trx: Trx, session: Session): Promise<{ state: string; expiresInMs: number }> {
  const now = await databaseNow(trx);
  return {
    state: session.marketState,
    expiresInMs: Math.max(0, (session.expiresAt ?? now).getTime() - now.getTime()),
  };
}

async function fail(
  trx: Trx,
  session: Session,
  reached: readonly TransitionId[],
  why: Refusal,
  more: Record<string, unknown> = {},
): Promise<OpenedSession> {
  await setFailure(trx, session.id, { ...why, details: { ...why.details } });
  const names = ['interpreting', 'discovering'];
  await recordChange(trx, {
    sessionId: session.id,
    transactionId: null,
    state: { market: 'created', clearing: null },
    steps: [
      ...reached.map((transition, index) => ({ transition, key: `${transition}:${names[index]}` })),
      { transition: 'T4', detail: { code: why.code } },
    ],
    actor: 'aura',
    events: [
      {
        type: 'session.failed',
        correlationId: session.id,
        payload: { session_id: session.id, code: why.code },
      },
    ],
    audit: { action: 'session.failed', detail: { ...why, ...more } },
  });
  return { state: 'failed', refusal: why };
}

async function end(
  trx: Trx,
  session: Session,
  transition: TransitionId,
  event: 'session.expired' | 'session.cancelled',
  action: string,
  actor = 'aura',
): Promise<void> {
  await recordChange(trx, {
    sessionId: session.id,
    transactionId: null,
    state: { market: session.marketState, clearing: null },
    steps: [{ transition }],
    actor,
    events: [{ type: event, correlationId: session.id, payload: { session_id: session.id } }],
    audit: { action, detail: {} },
  });
}
