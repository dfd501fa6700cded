export { VERSION_1, VERSION_2, type ApiVersion } from '../domain/versions';
export { SignedAgent, type AgentCredentials } from './agent';
export { Beacon, type Decide } from './beacon';
export { AgentClient } from './client';
export {
  apiKeyCredentials,
  messageSignatureCredentials,
  signatureCredentials,
  type ApiKeyOptions,
  type Credentials,
  type OutgoingRequest,
} from './credentials';
export { bundleText, DisputeClient, type DisputeClaim } from './disputes';
export type { EventQuery } from './events';
export { AuraApiError, call, type HttpOptions, type Request } from './http';
export { keyPairFrom, newKeyPair, type KeyPair } from './keys';
export { NettingClient } from './netting';
export { signOffer, signOffer1, type SignedOffer, type SignedOffer1 } from './offers';
export { Operator } from './operator';
export type { PollOptions } from './polling';
export {
  registerAgent,
  registerBeacon1,
  registerPrincipal,
  registerScout1,
  type AgentOptions,
  type ApiCredentials,
  type RegisteredPrincipal,
} from './registration';
export type { RetryLimits } from './retry';
export { Scout, type Commitment, type Intent } from './scout';
export type * from './types';
export { Beacon1, Scout1, type PendingRequest1 } from './version1';
export type { WatchOptions } from './watch';
export {
  webhookHandler,
  type OrderAnswer,
  type OrderConfirmation,
  type WebhookOptions,
} from './webhook-handler';
export { createAuraKeys, verifyWebhook, type AuraKeys, type WebhookVerdict } from './webhooks';
