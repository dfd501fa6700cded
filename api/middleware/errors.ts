import type { Middleware } from 'koa';
import type { Logger } from 'pino';
import { AuraError } from '../../domain/errors';
import { PaymentError } from '../x402';
import type { RequestState } from './request-id';

/** Renders every error from the catalogue. What is not in it is a bug: logged in full, told as INTERNAL_ERROR. */
export function renderErrors(log: Logger, publicUrl: string): Middleware<RequestState> {
  return async (ctx, next) => {
    try {
      await next();
      if (ctx.status === 404 && ctx.body === undefined) {
        throw new AuraError('RESOURCE_NOT_FOUND', `There is nothing at ${ctx.method} ${ctx.path}.`);
      }
    } catch (thrown) {
      const error = thrown instanceof AuraError ? thrown : new AuraError('INTERNAL_ERROR');
      if (error !== thrown) log.error({ request_id: ctx.state.requestId, err: thrown }, 'unexpected error');
      if (error instanceof PaymentError) ctx.set(error.headers);
      ctx.status = error.status;
      ctx.body = {
        error: {
          code: error.code,
          message: error.message,
          details: error.details,
          request_id: ctx.state.requestId,
          documentation_url: `${publicUrl}/errors/${error.code}`,
        },
      };
    }
  };
}
