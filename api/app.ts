/** The Koa application, made from the table of routes. */
import Router from '@koa/router';
import Koa, { type Context } from 'koa';
import { AuraError } from '../domain/errors';
import type { AgentWithKey } from '../store/agents';
import type { RegisteredRailKey } from '../store/rails';
import type { ApiDeps } from './deps';
import { authenticate, requireRole, useOnce } from './middleware/authenticate';
import { authenticateRail } from './middleware/authenticate-rail';
import { parseBody, readBody } from './middleware/body';
import { renderErrors } from './middleware/errors';
import { claimSubject, keepAnswer, storedAnswer } from './middleware/idempotency';
import { requestId, type RequestState } from './middleware/request-id';
import { validate } from './middleware/validate';
import type { Answer, Route } from './route';
import { allRoutes } from './routes';

export function createApp(deps: ApiDeps): Koa<RequestState> {
  const app = new Koa<RequestState>();
  const router = new Router<RequestState>();
  const routes = allRoutes();
  for (const route of routes) {
    router[route.method](route.path, async (ctx) =>
      send(ctx as unknown as Context, await handle(ctx as never, route, deps)),
    );
  }
  app.on('error', (error) => deps.log.error({ err: error as unknown }, 'connection error'));
  app.use(requestId(deps.log));
  app.use(renderErrors(deps.log, deps.config.publicUrl));
  app.use(router.routes());
  app.use(refuseMethod(routes));
  return app;
}

const SAFE = new Set(['GET', 'HEAD']);

async function handle(
  ctx: Context & { params: unknown; state: RequestState },
  route: Route,
  deps: ApiDeps,
): Promise<Answer> {
  const { method } = ctx;
  const target = ctx.req.url ?? ctx.url;
  const headers = ctx.headers as Record<string, string | undefined>;
  const rawBody = SAFE.has(method) ? '' : await readBody(ctx.req);
  const signed = { method, target, headers, body: rawBody };

  const { access } = route;
  const caller = access === 'rail' ? await authenticateRail(deps.db, signed) : undefined;
  const agent = typeof access === 'string' ? undefined : await authenticate(deps.db, signed);
  if (agent && typeof access !== 'string') requireRole(agent, access);

  const keyed = {
    key: route.creates ? headers['x-idempotency-key'] : undefined,
    owner: agent?.id ?? caller?.keyId ?? 'public',
    operation: `${method} ${ctx.path}`,
    rawBody,
  };
  // A retry is answered from the store, whatever has become of its signature's single use.
  const stored = await storedAnswer(deps.db, keyed);
  if (stored) return stored;

  const body = route.body ? validate(route.body, parseBody(rawBody), 'body') : undefined;
  const params = validate(route.params, ctx.params, 'path');
  const query = validate(route.query, ctx.query, 'query');
  const call = {
    params,
    query,
    body,
    rawBody,
    agent: agent as AgentWithKey,
    caller: caller as RegisteredRailKey,
    deps,
    requestId: ctx.state.requestId,
    headers,
    method,
    target,
    signal: whileOpen(ctx),
  };
  await route.admit?.(call);
  const signer = agent ?? caller;
  if (signer && !SAFE.has(method)) await useOnce(deps.nonces, signer.publicKey, signed);
  const subjectId = route.creates ? await claimSubject(deps.db, route.creates, body, keyed) : '';
  const answer = await route.handler({ ...call, subjectId });
  if (keyed.key !== undefined) await keepAnswer(deps.db, subjectId, answer);
  return answer;
}

/** Aborts when the client has gone. */
function whileOpen(ctx: Context): AbortSignal {
  const controller = new AbortController();
  ctx.res.once('close', () => controller.abort());
  return controller.signal;
}

function send(ctx: Context, { status, body, headers, contentType }: Answer): void {
  ctx.status = status;
  ctx.set({ 'Cache-Control': 'no-store', ...headers });
  ctx.type = contentType ?? 'application/json; charset=utf-8';
  ctx.body = contentType ? body : JSON.stringify(body);
}

/** An address that exists but does not answer the method says so. */
function refuseMethod(routes: readonly Route[]): Koa.Middleware {
  const patterns = routes.map(
    ({ path }) => new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/:\w+/g, '[^/]+')}$`),
  );
  return async (ctx, next) => {
    if (patterns.some((pattern) => pattern.test(ctx.path))) {
      throw new AuraError('METHOD_NOT_ALLOWED', `${ctx.path} does not answer ${ctx.method}.`);
    }
    await next();
  };
}
