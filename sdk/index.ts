export {
  AgentClient,
  registerAgent,
  registerPrincipal,
  type AgentOptions,
  type RegisteredPrincipal,
} from './client';
export { Beacon, type Decide } from './beacon';
export { bundleText, DisputeClient, type DisputeClaim } from './disputes';
export { AuraApiError, type HttpOptions } from './http';
export { keyPairFrom, newKeyPair, type KeyPair } from './keys';
export { NettingClient } from './netting';
export { Operator } from './operator';
export { Scout, type Commitment, type Intent } from './scout';
export type * from './types';
