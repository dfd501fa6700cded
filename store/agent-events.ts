/**
 * Turns events of the outbox into what each agent is told: rows of its feed, and webhooks for those who have an
 * address. One router at a time gives them their order; a second one finds the lock held and passes.
 */
import type { EventType } from '../domain/events';
import { newId } from '../domain/ids';
import {
  payloadShown,
  principalOf,
  recipientsOf,
  sessionOf,
  webhookOf,
  type EventFacts,
  type WebhookName,
} from '../domain/notifications';
import type { AgentRole } from './agents';
import { inTransaction, rows, type Db, type Trx } from './db';
import type { OutboxEvent } from './outbox';
import { tellReputations } from './reputation-changes';

/** An event as the router handles it. */
export interface RoutedEvent extends OutboxEvent {
  type: EventType;
}

/** Routes up to `limit` events and answers which. */
export async function routeEvents(db: Db, limit: number): Promise<RoutedEvent[]> {
  return inTransaction(db, async (trx) => {
    const [lock] = await rows<{ held: boolean }>(
      trx,
      "SELECT pg_try_advisory_xact_lock(hashtext('event-router')) AS held",
    );
    if (!lock?.held) return [];
    const events = await rows<RoutedEvent>(
      trx,
      `SELECT seq, id, type, correlation_id AS "correlationId", payload, at FROM outbox
       WHERE routed_seq IS NULL ORDER BY seq LIMIT ?`,
      [limit],
    );
    if (events.length === 0) return [];
    const known = await factsOf(trx, events);
    const told = events.flatMap((event) =>
      recipientsOf(event, known.of(event)).map((agentId) => ({ agentId, event })),
    );
    await number(trx, events);
    await insertAgentEvents(trx, told);
    await insertDeliveries(trx, told, known);
    await tellReputations(trx, events, known);
    return events.map((event) => ({
      ...event,
      to: told.filter((one) => one.event === event).map(({ agentId }) => agentId),
    }));
  });
}

/** Gives the events their place. The relay writes to the same rows, so both lock them in one order. */
async function number(trx: Trx, events: readonly RoutedEvent[]): Promise<void> {
  await trx.raw(
    `WITH locked AS MATERIALIZED (SELECT seq FROM outbox WHERE seq = ANY(?) ORDER BY seq FOR NO KEY UPDATE),
       placed AS MATERIALIZED (SELECT seq, nextval('routed_seq') AS place FROM (SELECT seq FROM locked ORDER BY seq) l)
     UPDATE outbox o SET routed_seq = placed.place FROM placed WHERE o.seq = placed.seq`,
    [events.map(({ seq }) => seq)],
  );
}

interface Told {
  agentId: string;
  event: RoutedEvent;
}

async function insertAgentEvents(trx: Trx, told: readonly Told[]): Promise<void> {
  if (told.length === 0) return;
  await trx.raw(
    `INSERT INTO agent_events (agent_id, seq, event_id, event_type, correlation_id, occurred_at, payload)
     SELECT t.agent, o.routed_seq, o.id, o.type, o.correlation_id, o.at, t.payload
     FROM jsonb_to_recordset(?::jsonb) AS t(agent text, event text, payload jsonb)
     JOIN outbox o ON o.id = t.event JOIN agents a ON a.id = t.agent`,
    [
      JSON.stringify(
        told.map(({ agentId, event }) => ({
          agent: agentId,
          event: event.id,
          payload: payloadShown(event),
        })),
      ),
    ],
  );
}

interface Reachable {
  id: string;
  role: AgentRole;
}

interface Delivery {
  id: string;
  agent: string;
  event: string;
  name: WebhookName;
  correlation: string;
  transaction: string | null;
}

/** Webhooks of agents with an address. What the last one about a deal said already is not said again. */
async function insertDeliveries(trx: Trx, told: readonly Told[], known: Facts): Promise<void> {
  const agents = await reachable(trx, [...new Set(told.map(({ agentId }) => agentId))]);
  const wanted = told.flatMap(({ agentId, event }): Delivery[] => {
    const agent = agents.get(agentId);
    const name = agent && webhookOf(event, agent.role);
    if (!name) return [];
    const transaction = known.of(event).deal?.id ?? textOf(event.payload.transaction_id);
    return [
      {
        id: newId('webhookDelivery'),
        agent: agentId,
        event: event.id,
        name,
        correlation: event.correlationId,
        transaction,
      },
    ];
  });
  if (wanted.length === 0) return;
  const last = await lastSaid(trx, wanted);
  const news = wanted.filter(({ agent, transaction, name }) => {
    if (transaction === null || !name.startsWith('transaction_')) return true;
    const deal = `${agent} ${transaction}`;
    if (last.get(deal) === name) return false;
    last.set(deal, name);
    return true;
  });
  await trx.raw(
    `INSERT INTO webhook_deliveries (id, agent_id, event_id, name, correlation_id, transaction_id)
     SELECT d.id, d.agent, d.event, d.name, d.correlation, d.transaction
     FROM jsonb_to_recordset(?::jsonb)
       AS d(id text, agent text, event text, name text, correlation text, transaction text) ORDER BY d.id`,
    [JSON.stringify(news)],
  );
}

async function reachable(trx: Trx, ids: readonly string[]): Promise<Map<string, Reachable>> {
  if (ids.length === 0) return new Map();
  const found = await rows<Reachable>(
    trx,
    'SELECT id, role FROM agents WHERE id = ANY(?) AND webhook_url IS NOT NULL',
    [[...ids]],
  );
  return new Map(found.map((agent) => [agent.id, agent]));
}

async function lastSaid(trx: Trx, deliveries: readonly Delivery[]): Promise<Map<string, string>> {
  const deals = deliveries.flatMap(({ transaction }) => transaction ?? []);
  if (deals.length === 0) return new Map();
  const found = await rows<{ agent: string; transaction: string; name: string }>(
    trx,
    `SELECT DISTINCT ON (agent_id, transaction_id) agent_id AS agent, transaction_id AS transaction, name
     FROM webhook_deliveries WHERE transaction_id = ANY(?) AND name LIKE 'transaction\\_%'
     ORDER BY agent_id, transaction_id, seq DESC`,
    [[...new Set(deals)]],
  );
  return new Map(found.map(({ agent, transaction, name }) => [`${agent} ${transaction}`, name]));
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : null);

/** What the books say of those the events concern. */
export interface Facts {
  of(event: RoutedEvent): EventFacts;
  /** Both principals of a session's deal, seller first; empty where there is none. */
  principalsOfDeal(event: RoutedEvent): string[];
}

interface SessionFacts {
  sessionId: string;
  scoutId: string;
  dealId: string | null;
  beaconId: string | null;
  buyerPrincipalId: string;
  sellerPrincipalId: string | null;
  authorized: boolean;
}

async function factsOf(trx: Trx, events: readonly RoutedEvent[]): Promise<Facts> {
  const sessions = new Map(
    (
      await rows<SessionFacts>(
        trx,
        `SELECT s.id AS "sessionId", s.scout_id AS "scoutId", s.principal_id AS "buyerPrincipalId", t.id AS "dealId",
           t.beacon_id AS "beaconId", t.seller_principal_id AS "sellerPrincipalId",
           EXISTS (SELECT 1 FROM state_history h WHERE h.session_id = s.id AND h.transition = 'T19') AS authorized
         FROM sessions s LEFT JOIN transactions t ON t.session_id = s.id WHERE s.id = ANY(?)`,
        [events.flatMap((event) => sessionOf(event) ?? [])],
      )
    ).map((session) => [session.sessionId, session]),
  );
  const agents = await rows<{ id: string; principalId: string }>(
    trx,
    'SELECT id, principal_id AS "principalId" FROM agents WHERE principal_id = ANY(?) ORDER BY id',
    [events.flatMap((event) => principalOf(event) ?? [])],
  );
  const sessionFor = (event: RoutedEvent) => sessions.get(sessionOf(event) ?? '');
  return {
    of(event) {
      const session = sessionFor(event);
      const principal = principalOf(event);
      return {
        scoutId: session?.scoutId ?? null,
        deal: session ? dealOf(session) : null,
        agentsOfPrincipal: agents.filter(({ principalId }) => principalId === principal).map(({ id }) => id),
      };
    },
    principalsOfDeal(event) {
      const session = sessionFor(event);
      return session?.sellerPrincipalId ? [session.sellerPrincipalId, session.buyerPrincipalId] : [];
    },
  };
}

function dealOf({ dealId, beaconId, scoutId, authorized }: SessionFacts): EventFacts['deal'] {
  return dealId && beaconId ? { id: dealId, beaconId, scoutId, authorized } : null;
}
