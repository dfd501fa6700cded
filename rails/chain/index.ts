export { createChainAdapter, refuse, type Carried, type Carrier, type Order, type Underway } from './adapter';
export { answerUsed, pending, rejected, unknown } from './answers';
export {
  instructionOfNonce,
  isSignedByPayer,
  nonceOf,
  signAuthorization,
  transferCall,
  TRANSFER_TYPES,
  type UnsignedAuthorization,
} from './authorization';
export { beforeSending, createContext, isLost, type ChainAdapterDeps, type ChainContext } from './context';
export {
  evidenceProblems,
  verifyChainEvidence,
  type ChainEvidence,
  type EvidenceCheckOptions,
} from './evidence';
export { findTransfer, type TransferFinding } from './find';
export { AnswerLostError, createJsonClient, type JsonClient } from './http';
export { createMemory, type Memory } from './memory';
export { CONFIRMATIONS } from './reader';
export { revertOf } from './revert';
export { RpcError } from './rpc';
export { createSender } from './sender';
export { domainOf, parseToken, TOKEN_NAME, TOKEN_VERSION, type Token } from './token';
