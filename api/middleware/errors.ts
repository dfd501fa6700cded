import type { Context, Middleware } from 'koa';
import type { Logger } from 'pino';
import { AuraError } from '../../domain/errors';
import { isUnreachable } from '../../store/db';
import { PaymentError } from '../x402';
import { AnswerMismatch } from './answers';
import { addressOf, countRequest, isCounted, type RateLimiter } from './rate-limit';
import type { RequestState } from './request-id';

interface ErrorParts {
  log: Logger;
  limits: RateLimiter;
  /** Where the documentation of errors is, without a trailing slash. */
  publicUrl: string;
}

/** Renders every error from the catalogue. What is not in it is a bug: logged in full, told as INTERNAL_ERROR. */
export function renderErrors({ log, limits, publicUrl }: ErrorParts): Middleware<RequestState> {
  return async (ctx, next) => {
    try {
      await next();
      if (ctx.status === 404 && ctx.body === undefined) {
        throw new AuraError('RESOURCE_NOT_FOUND', `There is nothing at ${ctx.method} ${ctx.path}.`);
      }
    } catch (failure) {
      const thrown = await counted(ctx, limits, failure);
      const error = thrown instanceof AuraError ? thrown : unexpected(thrown);
      if (error !== thrown) log.error({ request_id: ctx.state.requestId, err: thrown }, 'unexpected error');
      else if (error.status >= 500 && error.cause !== undefined)
        log.warn({ request_id: ctx.state.requestId, err: error.cause }, error.code);
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

function unexpected(thrown: unknown): AuraError {
  // The client's next attempt may find it again; under its idempotency key it does nothing twice.
  if (isUnreachable(thrown))
    return new AuraError('SERVICE_UNAVAILABLE', 'The database does not answer; try again.');
  if (!(thrown instanceof AnswerMismatch)) return new AuraError('INTERNAL_ERROR');
  return new AuraError('INTERNAL_ERROR', thrown.message, { field: thrown.field, reason: thrown.reason });
}

/** What failed before it was known who asked counts against the address, and ends as RATE_LIMITED over its limit. */
async function counted(ctx: Context, limits: RateLimiter, failure: unknown): Promise<unknown> {
  if (isCounted(ctx)) return failure;
  try {
    await countRequest(ctx, limits, [{ limit: 'failures', who: addressOf(ctx), points: 1 }]);
    return failure;
  } catch (over) {
    return failure instanceof AuraError && failure.status < 500 ? over : failure;
  }
}
