/** Who may call what, for every route of the table and every role: what is another's is as if it were not there. */
import { allRoutes } from '../../api/routes';
import type { Route } from '../../api/route';
import { newId, ID_PREFIXES, type IdKind } from '../../domain/ids';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { aBeacon, aScout, bearer, type Member } from '../support/members';
import { describeOnServer } from '../support/on-server';
import { send, type RawAnswer, type RawRequest, type Signer } from '../support/raw-request';
import { keyForm } from '../support/signed-requests';
import {
  bodyOf,
  contentsOf,
  createRouteWorld,
  nameOf,
  pathOf,
  ROLES,
  type Role,
  type RouteWorld,
} from '../support/route-fixtures';

jest.setTimeout(120_000);

const routes = allRoutes();
const mayCall = ({ access }: Route): readonly string[] => (typeof access === 'string' ? [access] : access);
const closed = routes.filter(({ access }) => access !== 'public');
const named = (chosen: readonly Route[]) => chosen.map((route) => [nameOf(route), route] as const);
/** Routes that name something of somebody's, for roles that do not see everything. */
const owned = closed.flatMap((route) =>
  (['scout', 'beacon', 'rail'] as const)
    .filter((role) => mayCall(route).includes(role) && route.path.includes('/:'))
    .map((role) => [nameOf(route), role, route] as const),
);
/** Of those, what agents with an API key may ask for. */
const keyed = owned.flatMap(([name, role, route]) => (role === 'rail' ? [] : [[name, role, route] as const]));
/** What a stranger gets from a list is its own. */
const lists = closed.flatMap((route) =>
  (['scout', 'beacon'] as const)
    .filter((role) => mayCall(route).includes(role) && route.method === 'get' && !route.path.includes('/:'))
    .map((role) => [nameOf(route), role, route] as const),
);

describeOnServer('permissions', () => {
  let env: TestEnvironment;
  let world: RouteWorld;
  let members: Record<'scout' | 'beacon', Member>;

  beforeAll(async () => {
    env = await testEnvironment({ AURA_NOTICES_EVERY_MS: '3600000', AURA_RECONCILE_EVERY_MS: '3600000' });
    world = await createRouteWorld(env);
    const url = env.http.baseUrl;
    members = { scout: await aScout({ url }), beacon: await aBeacon({ url }) };
  });
  afterAll(() => env?.stop());

  const request = (route: Route, signer?: Signer): RawRequest => ({
    method: route.method.toUpperCase(),
    path: pathOf(route, world.params),
    signer,
  });
  const ask = (what: RawRequest): Promise<RawAnswer> => send(env.http.baseUrl, what);
  const said = ({ status, json }: RawAnswer) => [status, json.error?.code];

  /** The answers to requests that must not change anything. What goes on by itself may fall between; not every time. */
  async function unchanged(...requests: RawRequest[]): Promise<RawAnswer[]> {
    for (let attempt = 1; ; attempt++) {
      const before = await contentsOf(env);
      const answers: RawAnswer[] = [];
      for (const each of requests) answers.push(await ask(each));
      const after = await contentsOf(env);
      if (attempt < 3 && JSON.stringify(after) !== JSON.stringify(before)) continue;
      expect(after).toEqual(before);
      return answers;
    }
  }

  test.each(named(routes))('%s has fixtures for its path', (_name, route) => {
    expect(pathOf(route, world.params)).not.toContain(':');
  });

  test.each(named(closed))('%s wants to know who asks', async (_name, route) => {
    const answer = await ask(request(route));
    expect(said(answer)).toEqual([401, 'AUTHENTICATION_REQUIRED']);
  });

  test.each(
    closed.flatMap((route) =>
      ROLES.filter((role) => !mayCall(route).includes(role)).map(
        (role) => [nameOf(route), role, route] as const,
      ),
    ),
  )('%s is not for a %s', async (_name, role: Role, route) => {
    const answer = await ask(request(route, world.owners[role]));
    // The key of a rail is no agent: agents' routes do not know it.
    const unknown = role === 'rail' && answer.status === 401;
    expect(said(answer)).toEqual(
      unknown ? [401, 'AUTHENTICATION_REQUIRED'] : [403, 'INSUFFICIENT_PERMISSIONS'],
    );
  });

  test.each(owned)("%s is not for another's %s", async (_name, role, route) => {
    const body = bodyOf(route, world);
    const [answer] = (await unchanged({ ...request(route, world.strangers[role]), body })) as [RawAnswer];
    expect(answer.json.error).toBeDefined();
    expect([403, 404]).toContain(answer.status);
    for (const secret of world.secrets.filter((each) => !request(route).path.includes(each)))
      expect(answer.text).not.toContain(secret);
  });

  test.each(keyed)('%s is not for the API key of another %s', async (_name, role, route) => {
    const { method, path } = request(route);
    const body = bodyOf(route, world);
    const what = { method, target: path, ...(body !== undefined && { body: JSON.stringify(body) }) };
    const { apiKey, signer } = members[role];
    const forms = [bearer(apiKey), keyForm(what, apiKey, { by: signer })];
    for (const answer of await unchanged(...forms.map((headers) => ({ method, path, body, headers })))) {
      expect([401, 403, 404]).toContain(answer.status);
      for (const secret of world.secrets.filter((each) => !path.includes(each)))
        expect(answer.text).not.toContain(secret);
    }
  });

  /** The path with ids of the same kinds that nobody has. */
  const nowhere = (route: Route): string =>
    pathOf(
      route,
      Object.fromEntries(
        Object.entries(world.params).map(([name, value]) => {
          const kind = (Object.keys(ID_PREFIXES) as IdKind[]).find((each) =>
            value.startsWith(`${ID_PREFIXES[each]}_`),
          );
          return [name, kind ? newId(kind) : value];
        }),
      ),
    );
  /** An answer without what was asked for, and what every answer has of its own. */
  const bare = ({ status, json }: RawAnswer, path: string) => {
    const { code, message, details } = json.error ?? {};
    const ids = path.split('/').filter((part) => part.includes('_'));
    const text = JSON.stringify({ status, code, message, details });
    return ids.reduce((left, id) => left.replaceAll(id, 'ID'), text);
  };

  test.each(owned)("%s answers alike for another's and for nobody's: %s", async (_name, role, route) => {
    const body = bodyOf(route, world);
    const signer = world.strangers[role];
    const [theirs, nobodys] = [request(route).path, nowhere(route)];
    const method = route.method.toUpperCase();
    const foreign = await ask({ method, path: theirs, signer, body });
    const unknown = await ask({ method, path: nobodys, signer, body });
    // Only what is behind the address counts: with none of an owner's ids in it there is nothing to tell apart.
    expect(bare(unknown, nobodys)).toBe(bare(foreign, theirs));
    const names = (answer: RawAnswer) => [...answer.headers.keys()].sort();
    expect(names(unknown)).toEqual(names(foreign));
  });

  test.each(lists)("%s tells another's %s nothing of the deal", async (_name, role, route) => {
    const answer = await ask(request(route, world.strangers[role]));
    expect(answer.status).toBe(200);
    for (const secret of world.secrets) expect(answer.text).not.toContain(secret);
  });

  test.each([
    ['POST /v1/accounts/deposits', 'scout'],
    ['POST /v1/accounts/deposits', 'beacon'],
    ['POST /v1/mandates', 'scout'],
    ['POST /v1/mandates', 'beacon'],
  ] as const)("%s takes nothing of another's %s", async (name, role) => {
    const route = routes.find((each) => nameOf(each) === name);
    if (!route) throw new Error(`no route ${name}`);
    const body = bodyOf(route, world);
    const [answer] = (await unchanged({ ...request(route, world.strangers[role]), body })) as [RawAnswer];
    expect(said(answer)).toEqual([404, 'RESOURCE_NOT_FOUND']);
  });
});
