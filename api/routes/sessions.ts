import type { z } from 'zod';
import { AuraError, toError } from '../../domain/errors';
import { findProfile, levelFor, type MarketProfile } from '../../domain/profiles';
import { atLeast } from '../../domain/trust';
import { VERSION_1, type ApiVersion } from '../../domain/versions';
import { inTransaction } from '../../store/db';
import { findPrincipal } from '../../store/principals';
import { findSession, findSessionInFull, insertSession, type SessionInFull } from '../../store/sessions';
import { recordAudit, recordEvents } from '../../store/states';
import { SEARCH_ATTRIBUTES, sessionCancel, sessionOpened, type SessionInput } from '../../workflows/messages';
import type { AgentWithKey } from '../../store/agents';
import type { ApiDeps } from '../deps';
import { requireMine } from '../own-session';
import { route, type Route } from '../route';
import { beaconRequestRoutes } from './beacon-requests';
import { cancelledResponse, sessionParams, sessionResponse } from '../schemas/market';
import { sessionCreated1, sessionResponse1 } from '../schemas/market-1';
import { sessionRequest, type SessionRequest, type StatedSession } from '../schemas/session-requests';
import { sessionView } from '../views/market';
import { failure1, sessionCreatedView1, sessionView1 } from '../views/market-1';
import { ask, startAndAsk } from '../workflows';

const CANCEL_WAIT_MS = 5_000;

export function sessionRoutes(): Route[] {
  return [create, get, cancel, ...beaconRequestRoutes()];
}

const create = route<unknown, unknown, SessionRequest>({
  method: 'post',
  path: '/v1/sessions',
  summary: 'State an intent',
  tag: 'Market',
  access: ['scout'],
  scope: 'session:create',
  keySuffices: true,
  rateClass: 'sessions',
  body: sessionRequest,
  response: {
    status: 201,
    schema: sessionResponse,
    version1: sessionCreated1,
    description: 'The session, usually collecting offers already',
  },
  errors: [
    'INVALID_REQUEST',
    'INVALID_PARAMETER',
    'PROFILE_NOT_FOUND',
    'INSUFFICIENT_PERMISSIONS',
    'INTERPRETATION_FAILED',
    'NO_MATCHING_BEACONS',
    'IDEMPOTENCY_CONFLICT',
    'SERVICE_UNAVAILABLE',
  ],
  creates: { kind: 'session', movesMoney: false },
  async admit({ body, version }) {
    stated(body, version);
  },
  async handler({ body: sent, agent, deps, subjectId, version }) {
    const body = stated(sent, version);
    const profile = findProfile(body.profile_id);
    if (!profile) throw new AuraError('PROFILE_NOT_FOUND', undefined, { field: 'profile_id' });
    if (!(await findSession(deps.db, subjectId))) {
      await mayBrowse(deps, agent, profile);
      await store(deps, agent, profile, subjectId, body);
    }
    await startAndAsk<unknown, SessionInput>(
      deps.temporal,
      {
        type: 'session',
        id: subjectId,
        input: { sessionId: subjectId },
        searchAttributes: [
          { key: SEARCH_ATTRIBUTES.agentId, value: agent.id },
          { key: SEARCH_ATTRIBUTES.principalId, value: agent.principalId },
          { key: SEARCH_ATTRIBUTES.marketState, value: 'created' },
          { key: SEARCH_ATTRIBUTES.profile, value: profile.id },
        ],
      },
      sessionOpened,
      deps.config.openWaitMs,
    );
    // What the workflow said may be behind; the books decide what is told.
    const found = await mySession(deps, subjectId, agent);
    const { session } = found;
    if (session.failure) {
      const failure = body.shape === 'version_1' ? failure1(session.failure) : session.failure;
      throw toError(failure as Parameters<typeof toError>[0]);
    }
    if (version === VERSION_1)
      return { status: 201, body: sessionCreatedView1(session, deps.config.publicUrl) };
    return { status: 201, body: view(deps, found, version) };
  },
});

/** The request, where it has exactly one of the two shapes. */
function stated(body: SessionRequest, version: ApiVersion): StatedSession {
  if (body.shape === 'version_1' || body.shape === 'version_2') return body;
  const field = version === VERSION_1 ? 'natural_language_query' : 'intent';
  const reason =
    body.shape === 'none'
      ? 'required'
      : 'either natural_language_query with structured_hints, or intent with constraints';
  const message =
    body.shape === 'none' ? `The request body is missing required field '${field}'` : `${field}: ${reason}`;
  throw new AuraError('INVALID_REQUEST', message, { field, reason });
}

async function mayBrowse({ db }: ApiDeps, agent: AgentWithKey, profile: MarketProfile): Promise<void> {
  const principal = await findPrincipal(db, agent.principalId);
  const required = levelFor(profile.trust.browse, 0n);
  if (principal && atLeast(principal.trustLevel, required)) return;
  const message = `The market ${profile.id} opens at ${required}.`;
  throw new AuraError('INSUFFICIENT_PERMISSIONS', message, { level: principal?.trustLevel, required });
}

async function store(
  { db }: ApiDeps,
  agent: AgentWithKey,
  profile: MarketProfile,
  id: string,
  body: StatedSession,
): Promise<void> {
  await inTransaction(db, async (trx) => {
    await insertSession(trx, {
      id,
      scoutId: agent.id,
      principalId: agent.principalId,
      profileId: profile.id,
      profileVersion: profile.version,
      rawIntent: body.intent,
      asked: {
        constraints: body.constraints ?? {},
        preferences: body.preferences,
        ...(body.context && { context: body.context }),
      },
      maxOffers: body.preferences.max_offers,
      offerTimeoutMs: body.preferences.offer_timeout_seconds * 1_000,
    });
    const payload = { session_id: id, scout_id: agent.id, profile_id: profile.id };
    await recordEvents(trx, [{ type: 'session.created', correlationId: id, payload }]);
    await recordAudit(trx, { actor: agent.id, action: 'session.created', subject: id, detail: payload });
  });
}

/** The scout's own session; anybody else's does not exist for it. */
async function mySession({ db }: ApiDeps, id: string, agent: AgentWithKey): Promise<SessionInFull> {
  const found = await findSessionInFull(db, id);
  requireMine(found?.session, agent);
  return found;
}

function view({ config }: ApiDeps, found: SessionInFull, version: ApiVersion) {
  return version === VERSION_1 ? sessionView1(found, config.publicUrl) : sessionView(found);
}

const get = route<z.infer<typeof sessionParams>>({
  method: 'get',
  path: '/v1/sessions/:session_id',
  summary: 'The state of a session',
  tag: 'Market',
  access: ['scout', 'operator'],
  scope: 'session:read',
  keySuffices: true,
  params: sessionParams,
  response: {
    status: 200,
    schema: sessionResponse,
    version1: sessionResponse1,
    description: 'The session',
  },
  errors: ['SESSION_NOT_FOUND'],
  async handler({ params, agent, deps, version }) {
    const found = await mySession(deps, params.session_id, agent);
    return { status: 200, body: view(deps, found, version) };
  },
});

const cancel = route<z.infer<typeof sessionParams>>({
  method: 'delete',
  path: '/v1/sessions/:session_id',
  summary: 'Cancel a session that has not been committed',
  tag: 'Market',
  access: ['scout'],
  scope: 'session:create',
  keySuffices: true,
  params: sessionParams,
  response: { status: 200, schema: cancelledResponse, description: 'The session is cancelled' },
  errors: ['SESSION_NOT_FOUND', 'SESSION_STATE_CONFLICT', 'SERVICE_UNAVAILABLE'],
  async handler({ params, agent, deps }) {
    const { id } = (await mySession(deps, params.session_id, agent)).session;
    await ask(deps.temporal, id, sessionCancel, { by: agent.id }, CANCEL_WAIT_MS);
    const { marketState: status } = (await mySession(deps, id, agent)).session;
    if (status !== 'cancelled') {
      throw new AuraError('SESSION_STATE_CONFLICT', `A session that is ${status} cannot be cancelled.`, {
        status,
      });
    }
    return { status: 200, body: { session_id: id, status } };
  },
});
