import type { Middleware } from 'koa';
import type { Logger } from 'pino';
import { newId } from '../../domain/ids';

export interface RequestState {
  requestId: string;
}

/** Names the request, and logs how it ended. Queries are left out: they may carry tokens. */
export function requestId(log: Logger): Middleware<RequestState> {
  return async (ctx, next) => {
    const started = performance.now();
    ctx.state.requestId = newId('request');
    ctx.set('X-Request-ID', ctx.state.requestId);
    await next();
    const ms = Math.round(performance.now() - started);
    log.info(
      { request_id: ctx.state.requestId, method: ctx.method, path: ctx.path, status: ctx.status, ms },
      'request',
    );
  };
}
