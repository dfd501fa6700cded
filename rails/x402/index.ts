/** x402 version 2 over an EVM chain: a facilitator verifies and settles what was signed, and pays the gas. */
import { createChainAdapter, createContext, type ChainAdapterDeps } from '../chain';
import type { RailAdapter } from '../port';
import { createFacilitatorCarrier } from './carrier';

export type X402AdapterDeps = ChainAdapterDeps;

/**
 * `networkUrl` is the chain's JSON-RPC endpoint, `facilitatorUrl` the facilitator's base address, `secret` the private
 * key (hex) of AURA's wallet for this rail, `token` the CAIP-19 name of the token. Throws where one of them is missing.
 */
export function createX402Adapter(deps: X402AdapterDeps): RailAdapter {
  const { facilitatorUrl } = deps;
  if (!facilitatorUrl) throw new Error('x402 settles through a facilitator: its address is needed');
  const context = createContext('x402', deps);
  return createChainAdapter(context, createFacilitatorCarrier(context, facilitatorUrl));
}
