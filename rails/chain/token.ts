/** The token that a chain rail moves: its CAIP-19 name taken apart, its ABI, its EIP-712 domain. */
import { getAddress, isAddress, parseAbi, type Address, type TypedDataDomain } from 'viem';
import type { AssetCode } from '../../domain/money';

export interface Token {
  /** CAIP-19. */
  asset: AssetCode;
  /** CAIP-2, the `network` of proofs and statement lines. */
  network: string;
  chainId: number;
  /** EIP-55 checksummed. */
  address: Address;
}

/** ERC-20 and EIP-3009, as far as the rails use them. */
export const TOKEN_ABI = parseAbi([
  'function balanceOf(address account) view returns (uint256)',
  'function authorizationState(address authorizer, bytes32 nonce) view returns (bool)',
  'function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, uint8 v, bytes32 r, bytes32 s)',
  'event Transfer(address indexed from, address indexed to, uint256 value)',
  'event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce)',
  'event AuthorizationCanceled(address indexed authorizer, bytes32 indexed nonce)',
]);

/** USD Coin's EIP-712 name and version (Circle's FiatToken 2). */
export const TOKEN_NAME = 'USD Coin';
export const TOKEN_VERSION = '2';

/** Throws where it is no ERC-20 of an EVM chain. */
export function parseToken(asset: AssetCode): Token {
  const match = /^(eip155:(\d{1,15}))\/erc20:(0x[0-9a-fA-F]{40})$/.exec(asset);
  const [, network, chainId, address] = match ?? [];
  if (!network || !address || !isAddress(address, { strict: false }))
    throw new Error(`${asset} is no ERC-20 token of an EVM chain`);
  return { asset, network, chainId: Number(chainId), address: getAddress(address) };
}

export function domainOf({ chainId, address }: Token): TypedDataDomain {
  return { name: TOKEN_NAME, version: TOKEN_VERSION, chainId, verifyingContract: address };
}
