/** What the sandbox does on its own chain: deploys the token, gives money, makes and unmakes blocks. */
import {
  encodeFunctionData,
  numberToHex,
  pad,
  parseEther,
  toEventSelector,
  zeroAddress,
  type Address,
  type Hex,
} from 'viem';
import { privateKeyToAccount, type PrivateKeyAccount } from 'viem/accounts';
import { createLock } from '../../chain/lock';
import { createRpc, type Rpc } from '../../chain/rpc';
import artifact from './contract/usdc.json';
import { sandboxKey, type SandboxAccount } from './keys';

export const CHAIN_ID = 31337;
export const TOKEN_ADDRESS: Address = '0x5FbDB2315678afecb367f032d93F642f64180aa3';

export interface SandboxChain {
  readonly rpc: Rpc;
  addressOf(account: SandboxAccount): Address;
  /** Mines at once. */
  mint(to: Address, amountMinor: bigint): Promise<void>;
  /** Whether tokens were ever made for it. */
  wasMinted(to: Address): Promise<boolean>;
  setGas(to: Address, wei: bigint): Promise<void>;
  blacklist(account: Address, listed: boolean): Promise<void>;
  mine(blocks: number): Promise<number>;
  /** Replaces the last `depth` blocks by empty ones, or by ones with the same transactions. */
  reorganise(depth: number, keepTransactions: boolean): Promise<void>;
  /** From now on blocks get the time that it is. */
  catchUp(): void;
  height(): Promise<number>;
  pendingCount(): Promise<number>;
  close(): Promise<void>;
}

const RPC_TIMEOUT_MS = 20_000;
const OWNER_GAS = 3_000_000n;
const OWNER_FEE_WEI = 100_000_000_000n;
const TIP_WEI = 50_000_000_000n;
const PLENTY_OF_GAS = parseEther('1000000');
const MINE_AT_ONCE = 1_000;

/** Blocks get the time that it is; `startAt` (milliseconds) is the time until `catchUp` is called. */
export async function openChain(url: string, startAtMs?: number): Promise<SandboxChain> {
  let frozenAtMs = startAtMs;
  const nowMs = () => frozenAtMs ?? Date.now();
  const rpc = createRpc({ url, timeoutMs: RPC_TIMEOUT_MS });
  const owner = privateKeyToAccount(sandboxKey('deployer'));
  // Whoever makes blocks does so alone: their times must not go back, and the owner's account nonce goes on by one.
  const lock = createLock();
  const send = (data: Hex, to?: Address) => lock(() => sendAsOwner(rpc, owner, data, { to, nowMs: nowMs() }));
  const call = (functionName: string, args: readonly unknown[]) =>
    send(encodeFunctionData({ abi: artifact.abi, functionName, args }), TOKEN_ADDRESS);
  const setGas = async (to: Address, wei: bigint) =>
    void (await rpc.call('anvil_setBalance', [to, numberToHex(wei)]));
  if (!(await hasToken(rpc))) {
    await setGas(owner.address, PLENTY_OF_GAS);
    await send(artifact.bytecode as Hex);
    if (!(await hasToken(rpc))) throw new Error(`the token did not come to ${TOKEN_ADDRESS}`);
  }
  return {
    rpc,
    addressOf: (account) => privateKeyToAccount(sandboxKey(account)).address,
    mint: (to, amountMinor) => call('mint', [to, amountMinor]),
    async wasMinted(to) {
      const topics = [toEventSelector('Transfer(address,address,uint256)'), pad(zeroAddress), pad(to)];
      const filter = { address: TOKEN_ADDRESS, fromBlock: '0x0', toBlock: 'latest', topics };
      return (await rpc.call<unknown[]>('eth_getLogs', [filter])).length > 0;
    },
    setGas,
    blacklist: (account, listed) => call(listed ? 'blacklist' : 'unBlacklist', [account]),
    mine: (blocks) =>
      lock(async () => {
        for (let left = blocks; left > 0; left -= MINE_AT_ONCE)
          await makeBlocks(rpc, Math.min(left, MINE_AT_ONCE), nowMs());
        return heightOf(rpc);
      }),
    reorganise: (depth, keep) => lock(() => reorganise(rpc, depth, keep)),
    catchUp: () => (frozenAtMs = undefined),
    height: () => heightOf(rpc),
    async pendingCount() {
      const { pending } = await rpc.call<{ pending: Hex }>('txpool_status', []);
      return Number(pending);
    },
    close: () => rpc.close(),
  };
}

async function hasToken(rpc: Rpc): Promise<boolean> {
  return (await rpc.call<Hex>('eth_getCode', [TOKEN_ADDRESS, 'latest'])) !== '0x';
}

/** With the time that it is: left to itself the node's clock is up to two seconds behind. */
async function makeBlocks(rpc: Rpc, blocks: number, nowMs: number): Promise<void> {
  const last = await rpc.call<{ timestamp: Hex }>('eth_getBlockByNumber', ['latest', false]);
  const timestamp = Math.max(Math.floor(nowMs / 1_000), Number(last.timestamp));
  await rpc.call('evm_mine', [{ timestamp, blocks }]);
}

async function heightOf(rpc: Rpc): Promise<number> {
  return Number(await rpc.call<Hex>('eth_blockNumber', []));
}

/** Sends, mines, and throws unless it took effect. */
async function sendAsOwner(
  rpc: Rpc,
  owner: PrivateKeyAccount,
  data: Hex,
  { to, nowMs }: { to?: Address; nowMs: number },
): Promise<void> {
  const nonce = Number(await rpc.call<Hex>('eth_getTransactionCount', [owner.address, 'pending']));
  const raw = await owner.signTransaction({
    type: 'eip1559',
    chainId: CHAIN_ID,
    nonce,
    gas: OWNER_GAS,
    maxFeePerGas: OWNER_FEE_WEI,
    maxPriorityFeePerGas: TIP_WEI,
    data,
    to,
  });
  const hash = await rpc.call<Hex>('eth_sendRawTransaction', [raw]);
  await makeBlocks(rpc, 1, nowMs);
  const receipt = await rpc.call<{ status: Hex } | null>('eth_getTransactionReceipt', [hash]);
  if (receipt?.status !== '0x1') throw new Error('a transaction of the sandbox itself failed');
}

async function reorganise(rpc: Rpc, depth: number, keepTransactions: boolean): Promise<void> {
  const kept: [Hex, number][] = [];
  if (keepTransactions) {
    const height = await heightOf(rpc);
    for (let index = 0; index < depth; index += 1) {
      const number = numberToHex(height - depth + 1 + index);
      const block = await rpc.call<{ transactions: Hex[] } | null>('eth_getBlockByNumber', [number, false]);
      for (const hash of block?.transactions ?? []) {
        kept.push([await rpc.call<Hex>('eth_getRawTransactionByHash', [hash]), index]);
      }
    }
  }
  await rpc.call('anvil_reorg', [depth, kept]);
}
