/** A request's way through the house: received, identified, replayed if it was answered before, read, and handled. */
import type { Context } from 'koa';
import type { AgentWithKey } from '../store/agents';
import type { RegisteredRailKey } from '../store/rails';
import type { ApiDeps } from './deps';
import { useOnce, type SignedRequest } from './middleware/authenticate';
import { checkAnswer } from './middleware/answers';
import { readBody, readJson } from './middleware/body';
import { publicOwner, storedAnswer, takeTurn, type Turn } from './middleware/idempotency';
import { identify } from './middleware/identify';
import { countRequest, countsOf, weighedCount } from './middleware/rate-limit';
import type { RequestState } from './middleware/request-id';
import { validate } from './middleware/validate';
import { versionOf } from './middleware/version';
import type { Answer, Route } from './route';

const SAFE = new Set(['GET', 'HEAD']);

export type RequestContext = Context & { params: unknown; state: RequestState };

export async function handle(ctx: RequestContext, route: Route, deps: ApiDeps): Promise<Answer> {
  const request = await receive(ctx);
  const { agent, caller, nonce } = await identify(deps, route, request);
  await countRequest(ctx, deps.limits, countsOf(route, { agent, caller }, ctx));
  const version = versionOf(route, request, agent);
  ctx.set('AURA-Version', version);

  const keyed = {
    key: route.creates ? request.headers['x-idempotency-key'] : undefined,
    owner: agent?.id ?? caller?.keyId ?? publicOwner(ctx, request.body),
    operation: `${request.method} ${ctx.path}`,
    version,
    rawBody: request.body,
  };
  // A retry is answered from the store, whatever has become of its signature's single use.
  const stored = await storedAnswer(deps.db, keyed);
  if (stored) return stored;

  // Only a DELETE may leave out a body that its route reads.
  const unsaid = request.method === 'DELETE' && request.body === '';
  const given = route.body && !unsaid ? readJson(request) : undefined;
  const body = route.body ? validate(route.body, given, 'body') : undefined;
  const call = {
    params: validate(route.params, ctx.params, 'path'),
    query: validate(route.query, ctx.query, 'query'),
    body,
    rawBody: request.body,
    agent: agent as AgentWithKey,
    caller: caller as RegisteredRailKey,
    deps,
    version,
    requestId: ctx.state.requestId,
    headers: request.headers,
    method: request.method,
    target: request.target,
    signal: whileOpen(ctx),
  };
  await countRequest(ctx, deps.limits, weighedCount(route, { agent, caller }, ctx, body));
  await route.admit?.(call);

  const work = async (subjectId: string): Promise<Answer> => {
    const answer = await route.handler({ ...call, subjectId });
    if (deps.config.checkAnswers) checkAnswer(route, version, answer);
    return answer;
  };
  const once = async () => {
    if (nonce !== undefined && !SAFE.has(request.method)) await useOnce(deps.nonces, nonce);
  };
  if (!route.creates) {
    await once();
    return work('');
  }
  return inTurn(await takeTurn(deps.db, route.creates, body, keyed), route.creates, once, work);
}

/**
 * Works where it is this request's turn. Only what begins under a fresh key uses its signature up, and what tells a
 * secret: that is told again to whoever signs again, and the answer is kept nowhere.
 */
async function inTurn(
  turn: Turn,
  { tellsSecret }: NonNullable<Route['creates']>,
  once: () => Promise<void>,
  work: (subjectId: string) => Promise<Answer>,
): Promise<Answer> {
  if ('answer' in turn) return turn.answer;
  try {
    if (turn.fresh || tellsSecret) await once();
  } catch (error) {
    await turn.release({ forget: turn.fresh });
    throw error;
  }
  try {
    const answer = await work(turn.subjectId);
    await (tellsSecret ? turn.release() : turn.keep(answer));
    return answer;
  } catch (error) {
    await turn.release();
    throw error;
  }
}

async function receive(ctx: RequestContext): Promise<SignedRequest> {
  return {
    method: ctx.method,
    target: ctx.req.url ?? ctx.url,
    headers: ctx.headers as Record<string, string | undefined>,
    body: SAFE.has(ctx.method) ? '' : await readBody(ctx.req),
  };
}

/** Aborts when the client has gone before its answer. */
function whileOpen(ctx: Context): AbortSignal {
  const controller = new AbortController();
  ctx.res.once('close', () => {
    if (!ctx.res.writableFinished) controller.abort();
  });
  return controller.signal;
}
