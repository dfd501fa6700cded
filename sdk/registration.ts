/** Joining AURA: principals and agents of protocol 2.2, and agents of protocol 1.0.0. */
import { randomUUID } from 'node:crypto';
import { agentBindingBytes } from '../domain/agent-binding';
import { VERSION_1 } from '../domain/versions';
import { call, type HttpOptions } from './http';
import { newKeyPair, type KeyPair } from './keys';
import type {
  Agent,
  BeaconRegistered,
  BeaconRegistration,
  Principal,
  ScoutRegistered,
  ScoutRegistration,
} from './types';

export interface RegisteredPrincipal extends Principal {
  key: KeyPair;
}

/** Registers a person or firm with its credentials. Without any it stands at L0. */
export async function registerPrincipal(
  http: HttpOptions,
  input: { name?: string; key?: KeyPair; credentials?: unknown[] },
): Promise<RegisteredPrincipal> {
  const key = input.key ?? newKeyPair();
  const principal = await call<Principal>(http, {
    method: 'POST',
    path: '/v1/principals',
    body: { name: input.name, public_key: key.publicKey, credentials: input.credentials ?? [] },
    idempotencyKey: randomUUID(),
  });
  return { ...principal, key };
}

export interface AgentOptions {
  name?: string;
  key?: KeyPair;
  /** Largest open exposure per asset, e.g. `{USD: '5000.00'}`. */
  capacity?: Record<string, string>;
  /** Beacons: what they sell, and where they ship; an empty list ships everywhere. */
  categories?: string[];
  shipsTo?: string[];
}

/** Binds a new agent key to the principal, with the principal's signature. */
export async function registerAgent(
  http: HttpOptions,
  principal: RegisteredPrincipal,
  role: 'scout' | 'beacon',
  { name, key = newKeyPair(), capacity = {}, categories, shipsTo }: AgentOptions = {},
): Promise<{ agent: Agent; key: KeyPair }> {
  const agent = await call<Agent>(http, {
    method: 'POST',
    path: '/v1/agents/register',
    body: {
      public_key: key.publicKey,
      principal_id: principal.principal_id,
      role,
      name,
      capacity,
      categories,
      ships_to: shipsTo,
      principal_signature: principal.key.sign(
        agentBindingBytes({ publicKey: key.publicKey, role, capacity }),
      ),
    },
    signer: { key },
    idempotencyKey: randomUUID(),
  });
  return { agent, key };
}

/** What is told this one time: keep both, and the key. */
export interface ApiCredentials {
  agentId: string;
  apiKey: string;
  apiSecret: string;
  key: KeyPair;
}

/** Registers a scout by protocol 1.0.0. It gets a principal of its own; the sandbox gives it accounts to pay from. */
export async function registerScout1(
  http: HttpOptions,
  { key = newKeyPair(), ...registration }: ScoutRegistration & { key?: KeyPair },
): Promise<ApiCredentials & { registered: ScoutRegistered }> {
  const registered = await register1<ScoutRegistered>(http, '/v1/agents/scouts', key, registration);
  const { scout_id: agentId, api_key: apiKey, api_secret: apiSecret } = registered;
  return { agentId, apiKey, apiSecret, key, registered };
}

/** Registers a beacon by protocol 1.0.0. */
export async function registerBeacon1(
  http: HttpOptions,
  { key = newKeyPair(), ...registration }: BeaconRegistration & { key?: KeyPair },
): Promise<ApiCredentials & { registered: BeaconRegistered }> {
  const registered = await register1<BeaconRegistered>(http, '/v1/agents/beacons', key, registration);
  const { beacon_id: agentId, api_key: apiKey, api_secret: apiSecret } = registered;
  return { agentId, apiKey, apiSecret, key, registered };
}

function register1<T>(http: HttpOptions, path: string, key: KeyPair, registration: object): Promise<T> {
  return call<T>(http, {
    method: 'POST',
    path,
    body: { ...registration, public_key: key.publicKey },
    idempotencyKey: randomUUID(),
    version: VERSION_1,
  });
}
