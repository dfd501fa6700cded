export { createChainAdapter, type Carried, type Carrier, type Order, type Underway } from './adapter';
export {
  instructionOfNonce,
  isSignedByPayer,
  nonceOf,
  signAuthorization,
  transferCall,
  TRANSFER_TYPES,
  type UnsignedAuthorization,
} from './authorization';
export { createContext, isLost, type ChainAdapterDeps, type ChainContext } from './context';
export {
  evidenceProblems,
  verifyChainEvidence,
  type ChainEvidence,
  type EvidenceCheckOptions,
} from './evidence';
export { AnswerLostError, createJsonClient, type JsonClient } from './http';
export { CONFIRMATIONS } from './reader';
export { revertOf } from './revert';
export { RpcError } from './rpc';
export { createSender } from './sender';
export { domainOf, parseToken, TOKEN_NAME, TOKEN_VERSION, type Token } from './token';
