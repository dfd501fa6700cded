/** USD Coin on an EVM chain: AURA's own wallet sends the transactions and pays the gas. */
import { createChainAdapter, createContext, type ChainAdapterDeps } from '../chain';
import type { RailAdapter } from '../port';
import { createWalletCarrier } from './carrier';

export type StablecoinAdapterDeps = ChainAdapterDeps;

/**
 * `networkUrl` is the chain's JSON-RPC endpoint, `secret` the private key (hex) of AURA's wallet, `token` the CAIP-19
 * name of the token. Throws where one of them is missing. One process per wallet.
 */
export function createStablecoinAdapter(deps: StablecoinAdapterDeps): RailAdapter {
  const context = createContext('stablecoin', deps);
  return createChainAdapter(context, createWalletCarrier(context));
}
