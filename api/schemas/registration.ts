/** Registration by protocol 1.0.0, an agent's credentials, and its vetting. */
import { z } from 'zod';
import { categorySchema, countrySchema } from '../../domain/constraints';
import { extensions, id, instant, text } from './common';
import { beaconCapabilities, scoutCapabilities } from './payment-methods';
import { SCOPES } from '../route';
import { capabilitiesSchema, webAddress } from './parties';

const publicKey = z.union([z.string().max(2_000), z.record(z.string(), z.unknown())]);
const signature = z.string().max(100);
const DAY_SECONDS = 86_400;
const overlapSeconds = z.int().min(0).max(DAY_SECONDS).default(0);

const common = {
  agent_name: text(200),
  agent_version: text(60).optional(),
  capabilities: capabilitiesSchema.default([]),
  /** Ed25519: PEM, base64, JWK or did:key. */
  public_key: publicKey,
  contact_email: z.email().max(254).optional(),
  extensions,
};

export const scoutRequest = z
  .object({
    ...common,
    platform: text(60).optional(),
    callback_url: webAddress.optional(),
    payment_capabilities: scoutCapabilities.optional(),
  })
  .meta({ id: 'ScoutRegistration' });

export const beaconRequest = z
  .object({
    ...common,
    merchant_name: text(200),
    merchant_domain: z.string().trim().toLowerCase().max(253),
    categories: z.array(categorySchema).min(1).max(50),
    /** Where it ships to; an empty list ships everywhere. */
    ships_to: z.array(countrySchema).max(250).default([]),
    webhook_url: webAddress.optional(),
    payment_capabilities: beaconCapabilities.optional(),
  })
  .meta({ id: 'BeaconRegistration' });

const verificationStatus = z.enum(['pending', 'verified', 'rejected']);

export const scoutResponse = z
  .object({
    scout_id: id('scout'),
    api_key: z.string(),
    api_secret: z.string(),
    registered_at: instant,
    rate_limits: z.object({ requests_per_minute: z.int(), sessions_per_hour: z.int() }),
  })
  .meta({ id: 'ScoutRegistered' });

export const beaconResponse = z
  .object({
    beacon_id: id('beacon'),
    api_key: z.string(),
    api_secret: z.string(),
    registered_at: instant,
    verification_status: verificationStatus,
    rate_limits: z.object({ offer_responses_per_minute: z.int() }),
  })
  .meta({ id: 'BeaconRegistered' });

export const endpointsRequest = z
  .object({
    /** A beacon's; null for none. */
    webhook_url: webAddress.nullable().optional(),
    /** A scout's; null for none. */
    callback_url: webAddress.nullable().optional(),
    extensions,
  })
  .meta({ id: 'EndpointsRequest' });

export const endpointsResponse = z
  .object({
    agent_id: z.string(),
    webhook_url: z.string().nullable().optional(),
    callback_url: z.string().nullable().optional(),
  })
  .meta({ id: 'Endpoints' });

export const credentialParams = z.object({ agent_id: z.string().max(40), key_id: z.string().max(40) });

const scopes = z.array(z.enum(SCOPES)).min(1).max(SCOPES.length);

export const apiKeyRequest = z
  .object({
    /** Some of its role's; by default all. */
    scopes: scopes.optional(),
    extensions,
  })
  .meta({ id: 'ApiKeyRequest' });

export const apiKeyRotationRequest = z
  .object({
    /** How long the old key still counts. */
    overlap_seconds: overlapSeconds,
    extensions,
  })
  .meta({ id: 'ApiKeyRotationRequest' });

export const apiKeyResponse = z
  .object({
    key_id: id('apiKey'),
    /** Its first characters, to tell it from others. */
    prefix: z.string(),
    scopes: z.array(z.string()),
    status: z.enum(['active', 'rotated', 'revoked']),
    replaces: z.string().nullable(),
    created_at: instant,
    /** From then on it counts no more; null while nobody has said so. */
    valid_until: instant.nullable(),
  })
  .meta({ id: 'ApiKey' });

/** The one time that the key and its secret are told. */
export const newApiKeyResponse = apiKeyResponse
  .extend({ api_key: z.string(), api_secret: z.string() })
  .meta({ id: 'NewApiKey' });

export const apiKeysResponse = z
  .object({ agent_id: z.string(), api_keys: z.array(apiKeyResponse) })
  .meta({ id: 'ApiKeys' });

export const agentKeyRequest = z
  .object({
    public_key: publicKey,
    /** Both over the canonical JSON `{agent_id, public_key, type: "aura.agent-key-rotation.v1"}`, base64. */
    new_key_signature: signature,
    old_key_signature: signature,
    /** How long requests signed by the old key still count. */
    overlap_seconds: overlapSeconds,
    extensions,
  })
  .meta({ id: 'AgentKeyRequest' });

export const agentKeyResponse = z
  .object({
    key_id: id('key'),
    /** 32 bytes, base64. */
    public_key: z.string(),
    status: z.enum(['current', 'replaced', 'ended']),
    valid_from: instant,
    valid_until: instant.nullable(),
  })
  .meta({ id: 'AgentKey' });

export const agentKeysResponse = z
  .object({ agent_id: z.string(), keys: z.array(agentKeyResponse) })
  .meta({ id: 'AgentKeys' });

export const vettingRequest = z
  .object({ decision: z.enum(['verified', 'rejected']), reason: text(500), extensions })
  .meta({ id: 'VettingRequest' });

export const vettingResponse = z
  .object({
    agent_id: z.string(),
    principal_id: id('principal'),
    verification_status: verificationStatus,
    trust_level: z.string(),
  })
  .meta({ id: 'Vetting' });
