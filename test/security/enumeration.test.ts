/**
 * What belongs to others cannot be told from what is not there: neither by the answer nor by how long it takes. Time on
 * a shared machine says nothing that can be relied on, so what takes the time is counted: the statements to Postgres.
 */
import pg from 'pg';
import { allRoutes } from '../../api/routes';
import type { Route } from '../../api/route';
import { newId, type IdKind } from '../../domain/ids';
import { startApiServer, type ApiServer } from '../support/api-server';
import { describeWithDatabase } from '../support/database';
import { aBeacon, aDeal, aScout, type TestAgent } from '../support/factories';
import { agentForm, send } from '../support/signed-requests';

jest.setTimeout(60_000);

/** What anybody may know of another agent or its principal. */
const OPEN = ['/v1/principals/:principal_id', '/v1/agents/:agent_id'];
const KINDS: Readonly<Record<string, IdKind>> = {
  session_id: 'session',
  offer_id: 'offer',
  transaction_id: 'transaction',
  mandate_id: 'mandate',
  agent_id: 'scout',
  scout_id: 'scout',
  beacon_id: 'beacon',
  key_id: 'key',
};
const paramsOf = ({ path }: Route) => [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
const isClosed = (route: Route) =>
  ['get', 'delete'].includes(route.method) &&
  paramsOf(route).length > 0 &&
  paramsOf(route).every((name) => Object.hasOwn(KINDS, name)) &&
  !OPEN.includes(route.path);
const cases = allRoutes()
  .filter(isClosed)
  .flatMap((route) =>
    (['scout', 'beacon'] as const)
      .filter((role) => Array.isArray(route.access) && route.access.includes(role))
      .map((role) => [`${route.method.toUpperCase()} ${route.path}`, role, route] as const),
  );

describeWithDatabase('what belongs to others', (database) => {
  let api: ApiServer;
  let strangers: Record<'scout' | 'beacon', TestAgent>;
  let theirs: Record<string, string>;
  let statements = 0;

  beforeAll(async () => {
    const { db } = database();
    api = await startApiServer({ db, deployment: 'sandbox' });
    const [scout, beacon] = [await aScout(db), await aBeacon(db)];
    const deal = await aDeal(db, { scout, beacon });
    strangers = { scout: await aScout(db), beacon: await aBeacon(db) };
    theirs = {
      session_id: deal.sessionId,
      offer_id: deal.offerId,
      transaction_id: deal.id,
      mandate_id: String(deal.mandateId),
      agent_id: scout.id,
      scout_id: scout.id,
      beacon_id: beacon.id,
      key_id: scout.keyId,
    };
    const query: unknown = Reflect.get(pg.Client.prototype, 'query');
    jest.spyOn(pg.Client.prototype, 'query').mockImplementation(function (
      this: pg.Client,
      ...given: unknown[]
    ) {
      statements += 1;
      return Reflect.apply(query as () => unknown, this, given) as never;
    });
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await api?.stop();
  });

  const ask = async ({ method, path }: Route, { id, signer }: TestAgent, params: Record<string, string>) => {
    const target = path.replace(/:(\w+)/g, (_all, name: string) => params[name] ?? '');
    const request = { method: method.toUpperCase(), target };
    const before = statements;
    const { status, json } = await send(api.url, request, agentForm(request, id, { by: signer }));
    return { status, code: json.error?.code, message: json.error?.message, statements: statements - before };
  };

  it('is looked for on every route with an id of a party', () => {
    expect(cases.length).toBeGreaterThan(15);
  });

  it.each(cases)('%s: answers a %s as if it were not there', async (_name, role, route) => {
    const stranger = strangers[role];
    const nobodys = Object.fromEntries(Object.entries(KINDS).map(([name, kind]) => [name, newId(kind)]));
    await ask(route, stranger, theirs);
    const [others, none] = [await ask(route, stranger, theirs), await ask(route, stranger, nobodys)];
    expect(others).toEqual(none);
    expect(others.status).toBe(404);
    expect(others.statements).toBeGreaterThan(0);
  });
});
