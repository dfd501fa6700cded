/** The chain as the facilitator sees it: the token, its own account, and the receipts of what it sent. */
import { createPublicClient, http, parseAbi, type Hex, type PublicClient } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { createSender, receiptOf, type TransferOrder } from './sender';
import type { FacilitatorBooks, FacilitatorEvent } from './books';

export const TOKEN_ABI = parseAbi([
  'function name() view returns (string)',
  'function version() view returns (string)',
  'function balanceOf(address account) view returns (uint256)',
  'function authorizationState(address authorizer, bytes32 nonce) view returns (bool)',
]);

export interface ChainOptions {
  rpcUrl: string;
  token: Hex;
  privateKey: Hex;
  books: FacilitatorBooks;
  record(event: FacilitatorEvent): void;
  /** Resolves when what was recorded is on disk. */
  flushed(): Promise<void>;
  clock: () => Date;
  /** How long a pending settlement waits before it is broadcast. */
  pendingMs: number;
  /** How long a settlement waits for its receipt before it is called pending. */
  confirmationTimeoutMs: number;
}

export interface Receipt {
  status: 'success' | 'reverted';
  logs: readonly unknown[];
}

export interface FacilitatorChain {
  readonly client: PublicClient;
  readonly chainId: number;
  /** CAIP-2. */
  readonly network: `eip155:${number}`;
  readonly token: Hex;
  readonly address: Hex;
  /** The token's EIP-712 domain. */
  readonly domain: { name: string; version: string };
  /** The hash of the payment's one transaction, made when there is none yet. */
  transfer(order: TransferOrder): Promise<Hex>;
  /** Rejects when it is not mined in time. */
  receipt(hash: Hex): Promise<Receipt>;
  close(): void;
}

const POLL_MS = 50;
const RPC_TIMEOUT_MS = 5_000;

export async function openChain(options: ChainOptions): Promise<FacilitatorChain> {
  const client = createPublicClient({
    transport: http(options.rpcUrl, { timeout: RPC_TIMEOUT_MS, retryCount: 1 }),
    cacheTime: 0,
  });
  const account = privateKeyToAccount(options.privateKey);
  const chainId = await client.getChainId();
  const { token: address, books } = options;
  const [name, version] = await Promise.all([
    client.readContract({ address, abi: TOKEN_ABI, functionName: 'name' }),
    client.readContract({ address, abi: TOKEN_ABI, functionName: 'version' }),
  ]);
  const sender = createSender({ ...options, client, account, chainId });
  await sender.resume();
  return {
    client,
    chainId,
    network: `eip155:${chainId}`,
    token: address,
    address: account.address,
    domain: { name, version },
    transfer: (order) => sender.transfer(order),
    async receipt(hash) {
      const known = books.all().find((candidate) => candidate.hash === hash);
      if (known?.state === 'dropped') throw new Error('the transaction has not been mined');
      // What was mined and is not any more was in a block that the chain replaced.
      if (known?.state === 'succeeded') await sender.sendIfGone(known);
      const { status, logs } = await mined(client, hash, options.confirmationTimeoutMs);
      if (known?.state === 'open') {
        const state = status === 'success' ? 'succeeded' : 'reverted';
        options.record({ type: 'ended', at: options.clock().toISOString(), hash, state });
      }
      return { status, logs };
    },
    close: () => sender.close(),
  };
}

async function mined(client: PublicClient, hash: Hex, timeoutMs: number): Promise<Receipt> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const receipt = await receiptOf(client, hash);
    if (receipt) return receipt;
    if (Date.now() > deadline) throw new Error('the transaction has not been mined yet');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
