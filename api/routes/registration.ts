/** Joining as protocol 1.0.0 has it: an agent with an API key, and a principal of its own at L0 until it is vetted. */
import type { z } from 'zod';
import { apiKeyHash, shownPart, type KeyedRole } from '../../domain/api-keys';
import { AuraError } from '../../domain/errors';
import { ID_PREFIXES, newId } from '../../domain/ids';
import { KeyError, parsePublicKey, type PublicKey } from '../../domain/keys';
import { sandboxGrant } from '../../domain/ledger/postings';
import type { RateLimit } from '../../domain/rate-limits';
import { trustProfile } from '../../domain/trust-profile';
import { VERSION_1 } from '../../domain/versions';
import { findAgentWithKey, insertAgent, keyInUse, type Agent, type NewAgent } from '../../store/agents';
import { insertApiKey } from '../../store/api-keys';
import { inTransaction, sqlState, type Trx } from '../../store/db';
import { postEntries } from '../../store/ledger';
import { insertPrincipal } from '../../store/principals';
import { recordAudit, recordEvents } from '../../store/states';
import type { ApiDeps } from '../deps';
import { checkMerchantDomain, checkWebAddress } from '../endpoints';
import { ROLE_SCOPES } from '../middleware/scopes';
import { provisionSandboxAccounts } from '../payments';
import { route, type Route } from '../route';
import { beaconRequest, beaconResponse, scoutRequest, scoutResponse } from '../schemas/registration';
import { acceptCapabilities } from './payment-capabilities';

export function registrationRoutes(): Route[] {
  return [scouts, beacons];
}

const ERRORS = ['INVALID_REQUEST', 'INVALID_PARAMETER', 'IDEMPOTENCY_CONFLICT', 'PAYLOAD_TOO_LARGE'] as const;

const scouts = route<unknown, unknown, z.infer<typeof scoutRequest>>({
  method: 'post',
  path: '/v1/agents/scouts',
  summary: 'Register a scout; the answer tells its API key and secret this one time',
  tag: 'Identity',
  access: 'public',
  version: VERSION_1,
  body: scoutRequest,
  response: { status: 201, schema: scoutResponse, description: 'The scout and its credentials' },
  errors: ERRORS,
  creates: { kind: 'scout', movesMoney: false, tellsSecret: true },
  async handler({ body, deps, subjectId }) {
    const { callback_url: url } = body;
    const agent = await register(deps, {
      id: subjectId,
      role: 'scout',
      ...ownWords(body),
      platform: body.platform,
      paymentCapabilities: body.payment_capabilities,
      webhookUrl: url === undefined ? null : checkWebAddress(url, 'callback_url', deps.config),
      principalName: body.agent_name,
    });
    return {
      status: 201,
      body: {
        scout_id: agent.id,
        ...credentialsOf(deps, agent.id, 'scout'),
        registered_at: agent.createdAt.toISOString(),
        rate_limits: {
          requests_per_minute: ratePer(60, deps.limits.limits.requests),
          sessions_per_hour: ratePer(3_600, deps.limits.limits.sessions),
        },
      },
    };
  },
});

const beacons = route<unknown, unknown, z.infer<typeof beaconRequest>>({
  method: 'post',
  path: '/v1/agents/beacons',
  summary: 'Register a beacon; the answer tells its API key and secret this one time',
  tag: 'Identity',
  access: 'public',
  version: VERSION_1,
  body: beaconRequest,
  response: { status: 201, schema: beaconResponse, description: 'The beacon and its credentials' },
  errors: ERRORS,
  creates: { kind: 'beacon', movesMoney: false, tellsSecret: true },
  async handler({ body, deps, subjectId }) {
    const { webhook_url: url } = body;
    const agent = await register(deps, {
      id: subjectId,
      role: 'beacon',
      ...ownWords(body),
      categories: body.categories,
      shipsTo: body.ships_to,
      merchantName: body.merchant_name,
      paymentCapabilities: body.payment_capabilities,
      merchantDomain: checkMerchantDomain(body.merchant_domain, 'merchant_domain', deps.config),
      webhookUrl: url === undefined ? null : checkWebAddress(url, 'webhook_url', deps.config),
      principalName: body.merchant_name,
    });
    return {
      status: 201,
      body: {
        beacon_id: agent.id,
        ...credentialsOf(deps, agent.id, 'beacon'),
        registered_at: agent.createdAt.toISOString(),
        verification_status: agent.verificationStatus,
        rate_limits: { offer_responses_per_minute: ratePer(60, deps.limits.limits.offers) },
      },
    };
  },
});

const ratePer = (seconds: number, { limit, windowSeconds }: RateLimit): number =>
  Math.floor((limit * seconds) / windowSeconds);

type Common = Pick<
  z.infer<typeof scoutRequest>,
  'agent_name' | 'agent_version' | 'capabilities' | 'contact_email' | 'public_key'
>;

function ownWords(body: Common) {
  return {
    name: body.agent_name,
    agentVersion: body.agent_version,
    capabilities: body.capabilities,
    contactEmail: body.contact_email,
    publicKey: readPublicKey(body.public_key),
  };
}

/** An Ed25519 key in any accepted form. Throws `INVALID_PARAMETER`. */
export function readPublicKey(input: unknown, field = 'public_key'): PublicKey {
  try {
    return parsePublicKey(input);
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    const details = { field, reason: error.message };
    throw new AuraError('INVALID_PARAMETER', `The key is refused: ${error.message}.`, details);
  }
}

/** The first API key of an agent has the agent's own number, so that a retry finds it. */
export function firstKeyId(agentId: string): string {
  return `${ID_PREFIXES.apiKey}${agentId.slice(agentId.indexOf('_'))}`;
}

function credentialsOf({ apiKeys }: ApiDeps, agentId: string, role: KeyedRole) {
  const { apiKey, apiSecret } = apiKeys.credentialsOf({ id: firstKeyId(agentId), role });
  return { api_key: apiKey, api_secret: apiSecret };
}

type Registration = Partial<NewAgent> &
  Pick<NewAgent, 'id' | 'name' | 'publicKey'> & {
    role: KeyedRole;
    principalName: string;
    paymentCapabilities: Parameters<typeof acceptCapabilities>[2];
  };

/** Stores principal, agent and API key; for a retry finds the agent that is there. */
async function register(deps: ApiDeps, wish: Registration): Promise<Agent> {
  const known = await findAgentWithKey(deps.db, wish.id);
  if (known) return known;
  try {
    await inTransaction(deps.db, (trx) => insert(trx, deps, wish));
  } catch (error) {
    // A twin was faster, with this registration or with another one under the same key.
    if (sqlState(error) !== UNIQUE_VIOLATION) throw error;
  }
  return (await findAgentWithKey(deps.db, wish.id)) ?? keyTaken();
}

export const UNIQUE_VIOLATION = '23505';

export function keyTaken(): never {
  throw new AuraError('INVALID_PARAMETER', 'An agent or principal with this key is registered already.', {
    field: 'public_key',
    reason: 'in use',
  });
}

async function insert(trx: Trx, { apiKeys, config }: ApiDeps, wish: Registration): Promise<void> {
  const { id, role, publicKey, principalName, paymentCapabilities, ...said } = wish;
  if (await keyInUse(trx, publicKey)) keyTaken();
  // In the sandbox everybody is taken at their word.
  const trustLevel = config.sandbox ? 'L2' : 'L0';
  const principalId = newId('principal');
  await insertPrincipal(trx, {
    id: principalId,
    name: principalName,
    publicKey,
    trustLevel,
    trustProfile: trustProfile(trustLevel, []),
    attestedRecord: null,
  });
  await insertAgent(trx, {
    categories: [],
    shipsTo: [],
    ...said,
    id,
    role,
    publicKey,
    principalId,
    apiVersion: VERSION_1,
    verificationStatus: config.sandbox ? 'verified' : 'pending',
    keyId: newId('key'),
    capacity: new Map(),
  });
  const { apiKey } = apiKeys.credentialsOf({ id: firstKeyId(id), role });
  await insertApiKey(trx, {
    id: firstKeyId(id),
    agentId: id,
    sha256: apiKeyHash(apiKey),
    shown: shownPart(apiKey),
    scopes: [...ROLE_SCOPES[role]],
  });
  await acceptCapabilities(trx, { id, role }, paymentCapabilities);
  if (config.sandbox) await provisionSandboxAccounts(trx, { id: principalId, name: principalName });
  if (config.sandbox && config.sandboxGrantMinor > 0n) {
    await postEntries(trx, [
      sandboxGrant({ principalId, asset: 'USD', amountMinor: config.sandboxGrantMinor }),
    ]);
  }
  const detail = { agent_id: id, principal_id: principalId, role };
  await recordEvents(trx, [{ type: 'agent.registered', correlationId: id, payload: detail }]);
  await recordAudit(trx, { actor: principalId, action: 'agent.registered', subject: id, detail });
}
