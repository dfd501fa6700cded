/** Events on their way from the outbox to agents' feeds and webhooks, over a real database. */
import { setTimeout } from 'node:timers/promises';
import type { DomainEvent } from '../../domain/events';
import { newId } from '../../domain/ids';
import { routeEvents } from '../../store/agent-events';
import { inTransaction, rows } from '../../store/db';
import { allEvents, eventsOfAgent, placeOf } from '../../store/event-feed';
import { tellExpiredOffers } from '../../store/offer-expiry';
import { relayEvents } from '../../store/outbox';
import { recordEvents } from '../../store/states';
import {
  claimDeliveries,
  findDelivery,
  listDeliveries,
  recordOutcome,
  redeliver,
  type ClaimedDelivery,
} from '../../store/webhooks';
import { describeWithDatabase } from '../support/database';
import { aBeacon, aDeal, anOffer, type TestAgent } from '../support/factories';

describeWithDatabase('webhooks and events in the database', (database) => {
  const db = () => database().db;
  const tell = (...events: DomainEvent[]) => inTransaction(db(), (trx) => recordEvents(trx, events));
  const asked = (beacon: TestAgent, correlationId = newId('session')): DomainEvent => ({
    type: 'offer.requested',
    correlationId,
    payload: { session_id: correlationId, request_id: newId('request'), beacon_id: beacon.id },
  });
  const routeAll = async () => {
    while ((await routeEvents(db(), 50)).length > 0);
  };
  const all = { afterSeq: '0', types: [], limit: 500 };
  const listening = async (wish: { url?: string | null } = {}): Promise<TestAgent> => {
    const beacon = await aBeacon(db());
    const { url = 'https://beacon.example/hook' } = wish;
    await db()('agents').where({ id: beacon.id }).update({ webhook_url: url });
    return beacon;
  };
  const limits = { limit: 50, perAgent: 10, room: new Map<string, number>(), leaseMs: 60_000 };
  const claimFor = async (agent: TestAgent, more: Partial<typeof limits> = {}) =>
    (await claimDeliveries(db(), { ...limits, ...more })).filter(({ agentId }) => agentId === agent.id);
  const delivered = (delivery: ClaimedDelivery) =>
    recordOutcome(db(), delivery, { status: 'delivered', told: 'answered 200' });

  beforeEach(async () => {
    await routeAll();
    await db().raw(
      "UPDATE webhook_deliveries SET status = 'dead', lease_until = NULL WHERE status = 'pending'",
    );
  });

  describe('the router', () => {
    it('gives every event one place, under several routers, writers and the relay, and skips none', async () => {
      const beacon = await aBeacon(db());
      const written: string[] = [];
      const write = async (at: number) => {
        const session = newId('session');
        written.push(session);
        await db().transaction(async (trx) => {
          await recordEvents(trx, [asked(beacon, session)]);
          // Writers that began first commit last.
          await setTimeout((40 - at) % 7);
        });
      };
      const read: string[] = [];
      let place = '0';
      const readOn = async () => {
        const page = await eventsOfAgent(db(), beacon.id, { ...all, afterSeq: place, limit: 3 });
        read.push(...page.map(({ correlationId }) => correlationId));
        place = page.at(-1)?.seq ?? place;
      };
      const until = Date.now() + 20_000;
      const busy = async (work: () => Promise<unknown>) => {
        while (read.length < 40 && Date.now() < until) {
          await work();
          await setTimeout(1);
        }
      };
      await Promise.all([
        ...Array.from({ length: 40 }, (_, at) => write(at)),
        busy(async () => (await routeEvents(db(), 4)).length),
        busy(async () => (await routeEvents(db(), 4)).length),
        busy(() => relayEvents(db(), 5, () => Promise.resolve())),
        busy(readOn),
      ]);
      expect([...read].sort()).toEqual([...written].sort());
    });

    it('keeps a session’s events in their order', async () => {
      const beacon = await aBeacon(db());
      const session = newId('session');
      for (let at = 0; at < 20; at++) await tell(asked(beacon, session));
      await routeAll();
      const { rows: told } = await db().raw<{ rows: { id: string }[] }>(
        'SELECT id FROM outbox WHERE correlation_id = ? ORDER BY seq',
        [session],
      );
      const feed = await eventsOfAgent(db(), beacon.id, all);
      expect(feed.map(({ id }) => id)).toEqual(told.map(({ id }) => id));
    });

    it('tells a seller of a deal only what happened from its authorisation on', async () => {
      const deal = await aDeal(db(), { at: { market: 'committed', clearing: 'risk_assessed' } });
      const ids = { session_id: deal.sessionId, transaction_id: deal.id, beacon_id: deal.beaconId };
      const about = (type: DomainEvent['type']) => ({
        type,
        correlationId: deal.sessionId,
        payload: { ...ids, scout_id: deal.scoutId },
      });
      await tell(about('transaction.initiated'), about('transaction.declined'));
      await routeAll();
      expect(await eventsOfAgent(db(), deal.beaconId, all)).toEqual([]);
      const toScout = await eventsOfAgent(db(), deal.scoutId, all);
      expect(toScout.map(({ type }) => type)).toEqual(['transaction.initiated', 'transaction.declined']);

      const authorized = await aDeal(db(), { at: { market: 'committed', clearing: 'authorized' } });
      const payload = { session_id: authorized.sessionId, transaction_id: authorized.id, secret: 'no' };
      await tell({ type: 'transaction.authorized', correlationId: authorized.sessionId, payload });
      await routeAll();
      const feed = await eventsOfAgent(db(), authorized.beaconId, all);
      expect(feed.map(({ type }) => type)).toEqual(['transaction.authorized']);
      expect(feed[0]?.payload).not.toHaveProperty('secret');
      const seen = await allEvents(db(), { ...all, types: ['transaction.authorized'] });
      expect(seen.at(-1)?.payload).toHaveProperty('secret');
    });

    it('says where an event stands in the feed of those who were told of it', async () => {
      const [mine, other] = [await aBeacon(db()), await aBeacon(db())];
      await tell(asked(mine));
      await routeAll();
      const [event] = await eventsOfAgent(db(), mine.id, all);
      expect(await placeOf(db(), event?.id ?? '', mine.id)).toBe(event?.seq);
      expect(await placeOf(db(), event?.id ?? '', other.id)).toBeUndefined();
      expect(await placeOf(db(), event?.id ?? '', undefined)).toBe(event?.seq);
    });

    it('queues webhooks for those with an address alone', async () => {
      const [with_, without] = [await listening(), await aBeacon(db())];
      await tell(asked(with_), asked(without));
      await routeAll();
      expect(await listDeliveries(db(), { agentId: with_.id, limit: 10 })).toHaveLength(1);
      expect(await listDeliveries(db(), { agentId: without.id, limit: 10 })).toEqual([]);
    });

    it('does not say twice in a row that a deal is cancelled', async () => {
      const deal = await aDeal(db(), { at: { market: 'committed', clearing: 'authorized' } });
      await db()('agents').where({ id: deal.beaconId }).update({ webhook_url: 'https://b.example/' });
      const about = (type: DomainEvent['type']) => ({
        type,
        correlationId: deal.sessionId,
        payload: { session_id: deal.sessionId, transaction_id: deal.id, cancelled: true },
      });
      await tell(about('transaction.settled'), about('transaction.declined'), about('transaction.cancelled'));
      await routeAll();
      await tell(about('transaction.cancelled'));
      await routeAll();
      const told = await listDeliveries(db(), { agentId: deal.beaconId, limit: 10 });
      expect(told.map(({ name }) => name)).toEqual(['transaction_confirmed', 'transaction_cancelled']);
    });

    it('tells of an offer that has run out, once, and not of one that was committed', async () => {
      const offer = await anOffer(db());
      await db()('offers')
        .where({ id: offer.id })
        .update({ valid_until: new Date(Date.now() - 1_000) });
      const deal = await aDeal(db());
      await db()('offers')
        .where({ id: deal.offerId })
        .update({ valid_until: new Date(Date.now() - 1_000) });
      await tellExpiredOffers(db(), 100);
      await tellExpiredOffers(db(), 100);
      const told = await rows<{ id: string }>(
        db(),
        `SELECT payload->>'offer_id' AS id FROM outbox WHERE type = 'offer.expired'`,
      );
      expect(told.map(({ id }) => id)).toEqual([offer.id]);
    });

    it('tells agents when an outcome moves their reputation, and not before', async () => {
      const deal = await aDeal(db(), { at: { market: 'fulfilled', clearing: 'settled' } });
      const { principal_id } = (await db()('agents').where({ id: deal.beaconId }).first()) as {
        principal_id: string;
      };
      const fulfilled = {
        type: 'transaction.fulfilled' as const,
        correlationId: deal.sessionId,
        payload: { session_id: deal.sessionId, transaction_id: deal.id },
      };
      await db()('reputations_told').insert({ principal_id, reputation: 50 });
      await tell(fulfilled, fulfilled);
      await routeAll();
      const feed = await eventsOfAgent(db(), deal.beaconId, { ...all, types: ['agent.reputation_changed'] });
      expect(feed.map(({ payload }) => payload)).toEqual([
        {
          agent_id: deal.beaconId,
          principal_id,
          reputation: expect.any(Number) as number,
          previous_reputation: 50,
        },
      ]);
    });
  });

  describe('the queue', () => {
    it('hands out one delivery of a session at a time, and the next when it is over', async () => {
      const beacon = await listening();
      const [one, two] = [newId('session'), newId('session')];
      await tell(asked(beacon, one), asked(beacon, one), asked(beacon, two));
      await routeAll();
      const first = await claimFor(beacon);
      expect(first.map(({ correlationId }) => correlationId)).toEqual([one, two]);
      expect(await claimFor(beacon)).toEqual([]);
      await delivered(first[0] as ClaimedDelivery);
      const second = await claimFor(beacon);
      expect(second.map(({ correlationId }) => correlationId)).toEqual([one]);
    });

    it('keeps the order while a delivery waits for its next attempt, and lets go of a dead one', async () => {
      const beacon = await listening();
      const session = newId('session');
      await tell(asked(beacon, session), asked(beacon, session));
      await routeAll();
      const [first] = await claimFor(beacon);
      await recordOutcome(db(), first as ClaimedDelivery, {
        status: 'pending',
        told: 'answered 500',
        afterMs: 60_000,
      });
      expect(await claimFor(beacon)).toEqual([]);
      await db()('webhook_deliveries')
        .where({ id: first?.id })
        .update({ next_attempt_at: new Date(0) });
      const [again] = await claimFor(beacon);
      expect(again).toMatchObject({ id: first?.id, eventId: first?.eventId, attempt: 2 });
      await recordOutcome(db(), again as ClaimedDelivery, { status: 'dead', told: 'answered 500' });
      const [second] = await claimFor(beacon);
      expect(second?.id).not.toBe(first?.id);
    });

    it('hands out again what was claimed by somebody who is gone, and takes no word from the dead', async () => {
      const beacon = await listening();
      await tell(asked(beacon));
      await routeAll();
      const [lost] = await claimFor(beacon, { leaseMs: 1 });
      await setTimeout(20);
      const [again] = await claimFor(beacon);
      expect(again).toMatchObject({ id: lost?.id, eventId: lost?.eventId, attempt: 2 });
      await delivered(lost as ClaimedDelivery);
      expect(await findDelivery(db(), lost?.id ?? '')).toMatchObject({ status: 'pending' });
      await delivered(again as ClaimedDelivery);
      expect(await findDelivery(db(), lost?.id ?? '')).toMatchObject({ status: 'delivered', attempts: 2 });
    });

    it('hands each delivery to one of several who ask at once', async () => {
      const beacons = await Promise.all(Array.from({ length: 5 }, () => listening()));
      await tell(...beacons.flatMap((beacon) => [asked(beacon), asked(beacon), asked(beacon)]));
      await routeAll();
      const claims = await Promise.all(Array.from({ length: 4 }, () => claimDeliveries(db(), limits)));
      const ids = claims.flat().map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      const rest = await claimDeliveries(db(), limits);
      expect(ids.length + rest.length).toBe(15);
    });

    it('leaves room for others beside an agent with much to be told', async () => {
      const [busy, quiet] = [await listening(), await listening()];
      await tell(...Array.from({ length: 30 }, () => asked(busy)), asked(quiet));
      await routeAll();
      const claimed = await claimDeliveries(db(), { ...limits, perAgent: 4, limit: 10 });
      expect(claimed.filter(({ agentId }) => agentId === busy.id)).toHaveLength(4);
      expect(claimed.filter(({ agentId }) => agentId === quiet.id)).toHaveLength(1);
      expect(await claimFor(busy, { room: new Map([[busy.id, 0]]) })).toEqual([]);
      expect(await claimFor(busy, { room: new Map([[busy.id, 2]]) })).toHaveLength(2);
    });

    it('takes up again what is over, with all its attempts', async () => {
      const beacon = await listening();
      await tell(asked(beacon));
      await routeAll();
      const [claimed] = await claimFor(beacon);
      expect(await redeliver(db(), claimed?.id ?? '')).toBe(false);
      await recordOutcome(db(), claimed as ClaimedDelivery, { status: 'dead', told: 'no answer in time' });
      expect(await listDeliveries(db(), { agentId: beacon.id, status: 'dead', limit: 5 })).toMatchObject([
        { attempts: 1, lastOutcome: 'no answer in time' },
      ]);
      expect(await redeliver(db(), claimed?.id ?? '')).toBe(true);
      expect(await claimFor(beacon)).toMatchObject([{ eventId: claimed?.eventId, attempt: 1 }]);
    });
  });
});
