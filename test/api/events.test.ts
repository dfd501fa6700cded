/** `GET /v1/events`: agents read on from where they were, and operators read everything. */
import { setTimeout } from 'node:timers/promises';
import type { DomainEvent } from '../../domain/events';
import { newId } from '../../domain/ids';
import { routeEvents } from '../../store/agent-events';
import { insertAgent } from '../../store/agents';
import { inTransaction } from '../../store/db';
import { recordEvents } from '../../store/states';
import { startApiServer, type ApiServer } from '../support/api-server';
import { describeWithDatabase } from '../support/database';
import { aBeacon, aPrincipal, aScout, aSession, type TestAgent } from '../support/factories';
import { agentForm, send } from '../support/signed-requests';

interface Envelope {
  event_id: string;
  event_type: string;
  correlation_id: string;
  payload: Record<string, unknown>;
}

describeWithDatabase('GET /v1/events', (database) => {
  const db = () => database().db;
  let api: ApiServer;
  let scout: TestAgent;
  let session: string;

  beforeAll(async () => {
    api = await startApiServer({ db: db(), deployment: 'sandbox' });
  });
  afterAll(() => api?.stop());
  beforeEach(async () => {
    scout = await aScout(db());
    session = (await aSession(db(), { scout })).id;
  });

  const event = (type: DomainEvent['type'], payload: Record<string, unknown> = {}): DomainEvent => ({
    type,
    correlationId: session,
    payload: { session_id: session, scout_id: scout.id, ...payload },
  });
  const tell = async (...events: DomainEvent[]) => {
    await inTransaction(db(), (trx) => recordEvents(trx, events));
    while ((await routeEvents(db(), 100)).length > 0);
  };
  const get = async (agent: TestAgent, query = '', headers: Record<string, string> = {}) => {
    const ask = { method: 'GET', target: `/v1/events${query}` };
    return send(api.url, ask, { ...agentForm(ask, agent.id, { by: agent.signer }), ...headers });
  };
  const read = async (agent: TestAgent, query = '') => {
    const { status, json } = await get(agent, query);
    expect(status).toBe(200);
    return json as unknown as { events: Envelope[]; next_after: string | null; has_more: boolean };
  };
  const anOperator = async (): Promise<TestAgent> => {
    const principal = await aPrincipal(db());
    const [id, keyId] = [newId('operator'), newId('key')];
    await inTransaction(db(), (trx) =>
      insertAgent(trx, {
        id,
        principalId: principal.id,
        role: 'operator',
        name: 'operator',
        apiVersion: '2026-04-01',
        categories: [],
        shipsTo: [],
        keyId,
        publicKey: principal.signer.publicKey,
        capacity: new Map(),
      }),
    );
    return { id, principal, keyId, signer: principal.signer };
  };

  it('has the protocol’s envelope', async () => {
    await tell(event('session.created', { profile_id: 'retail' }));
    const { events } = await read(scout);
    expect(events).toEqual([
      {
        event_id: expect.stringMatching(/^evt_/) as string,
        event_type: 'session.created',
        event_version: '1.0',
        timestamp: expect.stringMatching(/Z$/) as string,
        source: 'aura_core',
        correlation_id: session,
        payload: { session_id: session, scout_id: scout.id, profile_id: 'retail' },
        metadata: { environment: 'sandbox', region: 'test', aura_version: '2.2.0' },
      },
    ]);
  });

  it('writes amounts as each version does', async () => {
    await tell(event('session.committed', { amount_usd: '381.49', cwr_score: 89.6 }));
    expect((await read(scout)).events[0]?.payload).toMatchObject({ amount_usd: '381.49' });
    const { json } = await get(scout, '', { 'aura-version': '2026-01-01' });
    expect(json.events).toMatchObject([
      { payload: { amount_usd: 381.49, cwr_score: 89.6 }, metadata: { aura_version: '1.0.0' } },
    ]);
  });

  it('is read page by page without missing or repeating any', async () => {
    await tell(
      ...Array.from({ length: 25 }, (_, at) => event('session.created', { profile_id: String(at) })),
    );
    const seen: unknown[] = [];
    let after = '';
    for (let page = 0; page < 10; page++) {
      const { events, next_after, has_more } = await read(scout, `?limit=7${after}`);
      seen.push(...events.map(({ payload }) => payload.profile_id));
      after = `&after=${next_after}`;
      if (!has_more) break;
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, at) => String(at)));
    const { events, next_after, has_more } = await read(scout, `?${after.slice(1)}`);
    expect([events, has_more]).toEqual([[], false]);
    expect(after).toContain(next_after ?? 'none');
  });

  it('shows an agent its own events alone, and by type', async () => {
    const other = await aScout(db());
    await tell(event('session.created'), event('session.interpreted'), event('session.expired'));
    expect((await read(other)).events).toEqual([]);
    const { events } = await read(scout, '?types=session.expired,session.created');
    expect(events.map(({ event_type }) => event_type)).toEqual(['session.created', 'session.expired']);
  });

  it('keeps from an agent what it is not to know, and shows operators everything', async () => {
    const beacon = await aBeacon(db());
    await tell(
      event('session.interpreted', { category: 'electronics' }),
      event('offer.requested', { beacon_id: beacon.id, request_id: 'req_1', internal: 'x' }),
    );
    const toBeacon = await read(beacon);
    expect(toBeacon.events.map(({ payload }) => payload)).toEqual([
      { session_id: session, request_id: 'req_1', beacon_id: beacon.id },
    ]);
    const operator = await anOperator();
    const all = await read(operator, '?limit=500');
    const mine = all.events.filter(({ correlation_id }) => correlation_id === session);
    expect(mine.map(({ event_type }) => event_type)).toEqual(['session.interpreted', 'offer.requested']);
    expect(mine[1]?.payload).toMatchObject({ internal: 'x' });
    const [first] = mine;
    const rest = await read(operator, `?after=${first?.event_id}`);
    expect(rest.events.map(({ event_type }) => event_type)).toEqual(['offer.requested']);
  });

  it('waits for the next event as long as it is told to', async () => {
    const waiting = read(scout, '?wait=10');
    await setTimeout(300);
    await tell(event('session.created'));
    const began = Date.now();
    expect((await waiting).events).toHaveLength(1);
    expect(Date.now() - began).toBeLessThan(2_000);
    const { events } = await read(scout, '?wait=1&types=session.failed');
    expect(events).toEqual([]);
  });

  it.each([
    ['?after=evt_01HZZZZZZZZZZZZZZZZZZZZZZZ', 'after'],
    ['?after=nonsense', 'after'],
    ['?limit=0', 'limit'],
    ['?limit=501', 'limit'],
    ['?wait=31', 'wait'],
    ['?types=session.created,nonsense', 'types'],
  ])('refuses %s with the field', async (query, field) => {
    const { status, json } = await get(scout, query);
    expect([status, json.error?.code, json.error?.details.field]).toEqual([400, 'INVALID_PARAMETER', field]);
  });

  it("does not take another agent's event for a place", async () => {
    const other = await aScout(db());
    await tell(event('session.created'));
    const { next_after } = await read(scout);
    expect((await get(other, `?after=${next_after}`)).status).toBe(400);
  });
});
