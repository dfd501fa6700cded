/** A request's way through the house: received, identified, replayed if it was answered before, read, and handled. */
import type { Context } from 'koa';
import type { AgentWithKey } from '../store/agents';
import type { RegisteredRailKey } from '../store/rails';
import type { ApiDeps } from './deps';
import { useOnce, type SignedRequest } from './middleware/authenticate';
import { parseBody, readBody } from './middleware/body';
import { claimSubject, keepAnswer, storedAnswer } from './middleware/idempotency';
import { identify } from './middleware/identify';
import type { RequestState } from './middleware/request-id';
import { validate } from './middleware/validate';
import { versionOf } from './middleware/version';
import type { Answer, Route } from './route';

const SAFE = new Set(['GET', 'HEAD']);

export type RequestContext = Context & { params: unknown; state: RequestState };

export async function handle(ctx: RequestContext, route: Route, deps: ApiDeps): Promise<Answer> {
  const request = await receive(ctx);
  const { agent, caller } = await identify(deps, route, request);
  const version = versionOf(route, request, agent);

  const keyed = {
    key: route.creates ? request.headers['x-idempotency-key'] : undefined,
    owner: agent?.id ?? caller?.keyId ?? 'public',
    operation: `${request.method} ${ctx.path}`,
    rawBody: request.body,
  };
  // A retry is answered from the store, whatever has become of its signature's single use.
  const stored = await storedAnswer(deps.db, keyed);
  if (stored) return stored;

  const body = route.body ? validate(route.body, parseBody(request.body), 'body') : undefined;
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
  await route.admit?.(call);
  const signer = agent ?? caller;
  if (signer && !SAFE.has(request.method)) await useOnce(deps.nonces, signer.publicKey, request);
  const subjectId = route.creates ? await claimSubject(deps.db, route.creates, body, keyed) : '';
  const answer = await route.handler({ ...call, subjectId });
  if (keyed.key !== undefined) await keepAnswer(deps.db, subjectId, answer);
  return answer;
}

async function receive(ctx: RequestContext): Promise<SignedRequest> {
  return {
    method: ctx.method,
    target: ctx.req.url ?? ctx.url,
    headers: ctx.headers as Record<string, string | undefined>,
    body: SAFE.has(ctx.method) ? '' : await readBody(ctx.req),
  };
}

/** Aborts when the client has gone. */
function whileOpen(ctx: Context): AbortSignal {
  const controller = new AbortController();
  ctx.res.once('close', () => controller.abort());
  return controller.signal;
}
