/** The Koa application, made from the table of routes. */
import Router from '@koa/router';
import Koa, { type Context } from 'koa';
import { AuraError } from '../domain/errors';
import type { ApiDeps } from './deps';
import { handle, type RequestContext } from './handle';
import { renderErrors } from './middleware/errors';
import { requestId, type RequestState } from './middleware/request-id';
import type { Answer, Route } from './route';
import { allRoutes } from './routes';

export function createApp(deps: ApiDeps): Koa<RequestState> {
  const { proxies } = deps.config;
  const app = new Koa<RequestState>({ proxy: proxies > 0, maxIpsCount: proxies });
  // One spelling of an address: what a proxy in front lets through by it is what is answered.
  const router = new Router<RequestState>({ sensitive: true, strict: true });
  const routes = allRoutes();
  for (const route of routes) {
    router[route.method](route.path, async (ctx) =>
      send(ctx as unknown as Context, await handle(ctx as unknown as RequestContext, route, deps)),
    );
  }
  app.on('error', (error) => deps.log.error({ err: error as unknown }, 'connection error'));
  app.use(requestId(deps.log));
  app.use(renderErrors({ log: deps.log, limits: deps.limits, publicUrl: deps.config.publicUrl }));
  app.use(router.routes());
  app.use(refuseMethod(routes));
  return app;
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
