/** The sandbox's wallets sign what their owners pay: an EIP-3009 transfer of exactly the deal's total. */
import { keccak256, parseSignature, serializeSignature, toHex } from 'viem';
import { atPar } from '../../domain/par';
import { RAIL_TERMS } from '../../domain/rail-terms';
import type { PaymentAccount } from '../../store/payment-accounts';
import { TRANSFER_TYPES, type TransferAuthorization } from '../x402/authorization';
import { tokenParts, type Hex } from '../x402/config';
import { sandboxWallet } from './sandbox-accounts';

/** What an entry point hands over where the sandbox's chain runs. */
export interface SandboxWallets {
  /** AURA's wallet at each rail of the chain. */
  payTo: Readonly<Partial<Record<string, Hex>>>;
  /** The stablecoin and its EIP-712 domain. */
  token: string;
  domain: { name: string; version: string };
  /** Puts play money into a wallet, atomic units of the stablecoin. */
  fund(address: string, amountMinor: bigint): Promise<void>;
}

/** How long what is signed is good for, seconds: as long as an instruction may execute. */
export const VALID_SECONDS = RAIL_TERMS.stablecoin.instructionTtlMs / 1_000;

/** Sees to it that the owner's wallet holds the total, minor units of the account's asset. */
export async function fundWallet(
  wallets: SandboxWallets,
  { principalId, asset }: Pick<PaymentAccount, 'principalId' | 'asset'>,
  totalMinor: bigint,
): Promise<void> {
  await wallets.fund(sandboxWallet(principalId).address, atPar(totalMinor, asset, wallets.token));
}

/** The owner's signature under its transfer of the total to AURA. `totalMinor` of the account's asset. */
export async function authorizeFromWallet(
  wallets: SandboxWallets,
  { principalId, rail, asset }: Pick<PaymentAccount, 'principalId' | 'rail' | 'asset'>,
  { totalMinor, mandateId, expiresAt }: { totalMinor: bigint; mandateId: string; expiresAt: Date },
): Promise<TransferAuthorization | undefined> {
  const to = wallets.payTo[rail];
  if (to === undefined) return undefined;
  const wallet = sandboxWallet(principalId);
  const { chainId, address } = tokenParts(wallets.token);
  const valueMinor = atPar(totalMinor, asset, wallets.token);
  const message = {
    from: wallet.address,
    to,
    value: valueMinor,
    validAfter: 0n,
    validBefore: BigInt(Math.floor(expiresAt.getTime() / 1_000)),
    nonce: keccak256(toHex(mandateId)),
  };
  const signature = await wallet.signTypedData({
    domain: { ...wallets.domain, chainId, verifyingContract: address },
    types: TRANSFER_TYPES,
    primaryType: 'TransferWithAuthorization',
    message,
  });
  return {
    from: message.from,
    to,
    value: valueMinor.toString(),
    validAfter: '0',
    validBefore: message.validBefore.toString(),
    nonce: message.nonce,
    signature: serializeSignature(parseSignature(signature)),
  };
}
