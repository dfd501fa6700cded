/** Payers on the sandbox's chain: what they sign, and what they do on their own. */
import { createWalletClient, http, parseSignature, type Hex, type PrivateKeyAccount } from 'viem';
import { generatePrivateKey } from 'viem/accounts';
import type { Signer } from '../../domain/keys';
import { SANDBOX_USDC } from '../../domain/rail-terms';
import { isIncoming, type SignedInstruction } from '../../domain/settlement';
import { domainOf, parseToken, signAuthorization, transferCall } from '../../rails/chain';
import type { MandateRequest, RailAdapter, TransferAuthorization } from '../../rails/port';
import type { SandboxProcess } from '../../rails/sandbox';
import type { ChainRailUnderTest } from './chain-rails';
import type { InMemoryDirectory } from './party-directory';
import type { Operator } from './sandbox-network';

export const TOKEN = parseToken(SANDBOX_USDC);

/** What the harness is made of. */
export interface Parts {
  under: ChainRailUnderTest;
  operator: Operator;
  transferOperator: Operator;
  directory: InMemoryDirectory;
  accounts: Map<string, PrivateKeyAccount>;
  aura: Signer;
  auraAddress: Hex;
  adapter: RailAdapter;
  chain(): SandboxProcess;
  unwilling: Set<string>;
  /** What the payer of the next pay-in does. */
  next: { payer?: 'blacklisted' | 'cancels' | 'pays another amount' };
  cancelling: Set<string>;
}

export async function call(operator: Operator, method: string, path: string, body?: unknown): Promise<void> {
  const answer = await operator.call(method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`);
}

export async function ask<T>(url: string, method: string, params: unknown[]): Promise<T> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const { result, error } = (await answer.json()) as { result: T; error?: { message: string } };
  if (error) throw new Error(error.message);
  return result;
}

export function accountOf({ accounts }: Parts, ref: string): PrivateKeyAccount {
  const account = accounts.get(ref);
  if (!account) throw new Error(`no account ${ref}`);
  return account;
}

/** An unwilling payer's signature is of something else. */
export async function payerSigns(parts: Parts, request: MandateRequest): Promise<void> {
  const payer = accountOf(parts, request.accountRef);
  const authorization = await signAuthorization(TOKEN, payer, {
    from: payer.address,
    to: parts.auraAddress,
    value: request.ceilingMinor,
    validAfter: '0',
    validBefore: String(Math.floor(Date.parse(request.expiresAt) / 1_000)),
    nonce: generatePrivateKey(),
  });
  const other = await signAuthorization(TOKEN, payer, { ...authorization, value: '1' });
  const { signature } = parts.unwilling.has(request.accountRef) ? other : authorization;
  parts.directory.addAuthorization(request.mandateId, { ...authorization, signature });
}

export async function authorizationOf(parts: Parts, { instruction }: SignedInstruction) {
  const found = await parts.directory.authorization(instruction.debtor.mandate_ref ?? '');
  if (!found) throw new Error('the payer signed nothing');
  return found;
}

export async function payerActs(parts: Parts, signed: SignedInstruction): Promise<void> {
  const { payer } = parts.next;
  if (!payer || !isIncoming(signed.instruction.kind)) return;
  parts.next = {};
  const account = accountOf(parts, signed.instruction.debtor.account_ref);
  if (payer === 'blacklisted') return call(parts.operator, 'POST', 'blacklist', { address: account.address });
  if (payer === 'cancels') return void parts.cancelling.add(signed.instruction.instruction_id);
  const agreed = await authorizationOf(parts, signed);
  const other = await signAuthorization(TOKEN, account, {
    ...agreed,
    value: (BigInt(agreed.value) - 100n).toString(),
  });
  await sendAs(parts, account, other);
}

/** The payer carries out an authorization itself. */
async function sendAs(parts: Parts, account: PrivateKeyAccount, authorization: TransferAuthorization) {
  const client = createWalletClient({ account, transport: http(parts.chain().url) });
  const data = transferCall(authorization);
  await client.sendTransaction({ chain: null, to: TOKEN.address, data, gas: 200_000n });
  await call(parts.operator, 'POST', 'mine', { blocks: 1 });
}

const CANCEL_ABI = [
  {
    type: 'function',
    name: 'cancelAuthorization',
    stateMutability: 'nonpayable',
    inputs: [
      { name: 'authorizer', type: 'address' },
      { name: 'nonce', type: 'bytes32' },
      { name: 'v', type: 'uint8' },
      { name: 'r', type: 'bytes32' },
      { name: 's', type: 'bytes32' },
    ],
    outputs: [],
  },
] as const;

/** The payer takes its authorization back, with a fee that gets it ahead of AURA's transaction. */
export async function cancel(parts: Parts, signed: SignedInstruction): Promise<void> {
  const account = accountOf(parts, signed.instruction.debtor.account_ref);
  const { nonce } = await authorizationOf(parts, signed);
  const signature = await account.signTypedData({
    domain: domainOf(TOKEN),
    types: {
      CancelAuthorization: [
        { name: 'authorizer', type: 'address' },
        { name: 'nonce', type: 'bytes32' },
      ],
    },
    primaryType: 'CancelAuthorization',
    message: { authorizer: account.address, nonce },
  });
  const { r, s, yParity } = parseSignature(signature);
  const client = createWalletClient({ account, transport: http(parts.chain().url) });
  await client.writeContract({
    chain: null,
    address: TOKEN.address,
    abi: CANCEL_ABI,
    functionName: 'cancelAuthorization',
    args: [account.address, nonce, 27 + yParity, r, s],
    gas: 200_000n,
    maxFeePerGas: 500_000_000_000n,
    maxPriorityFeePerGas: 400_000_000_000n,
  });
}
