/** AURA as an x402 server: the wallet it is paid to, and the token and network it is paid in. */
import type { AssetCode } from '../../domain/money';
import { railTermsWith } from '../../domain/rail-terms';

export type Hex = `0x${string}`;

export interface X402Config {
  /** AURA's wallet. */
  payTo: Hex;
  /** The stablecoin by its CAIP-19 id, e.g. `eip155:8453/erc20:0x…`. */
  token: AssetCode;
  /** The token's EIP-712 domain; chain and contract follow from its id. */
  domain: { name: string; version: string };
  /** Facilitators whose payment tokens are taken: name → base address. */
  facilitators: Readonly<Record<string, string>>;
}

const CAIP_19_ERC20 = /^(eip155:(\d+))\/erc20:(0x[0-9a-fA-F]{40})$/;

/** The token's chain (CAIP-2 and number) and contract. Throws for what is no ERC-20 token. */
export function tokenParts(token: AssetCode): { network: `eip155:${string}`; chainId: number; address: Hex } {
  const [, network, chainId, address] = CAIP_19_ERC20.exec(token) ?? [];
  if (!network || !chainId || !address) throw new Error(`${token} is no ERC-20 token`);
  return { network: network as `eip155:${string}`, chainId: Number(chainId), address: address as Hex };
}

/** How the rail that settles these payments works with this token. */
export function x402Terms({ token }: X402Config) {
  return railTermsWith(token).x402;
}
