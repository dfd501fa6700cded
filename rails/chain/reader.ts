/** What a rail reads from the chain. */
import {
  decodeAbiParameters,
  decodeFunctionResult,
  encodeFunctionData,
  getAddress,
  isAddressEqual,
  numberToHex,
  pad,
  toEventSelector,
  type Address,
  type Hex,
} from 'viem';
import type { AuthorizationKey } from './authorization';
import type { Rpc } from './rpc';
import { TOKEN_ABI, type Token } from './token';

/** A settlement on a chain is final when this many blocks stand on it, its own included. */
export const CONFIRMATIONS = 12;

export interface RawLog {
  address: Address;
  topics: Hex[];
  data: Hex;
  blockNumber: Hex;
  blockHash: Hex;
  transactionHash: Hex;
  logIndex: Hex;
}

export interface RawReceipt {
  status: Hex;
  transactionHash: Hex;
  blockNumber: Hex;
  blockHash: Hex;
  logs: RawLog[];
}

export interface BlockHead {
  number: number;
  hash: Hex;
  /** Unix seconds. */
  timestamp: number;
}

export interface TokenTransfer {
  from: Address;
  to: Address;
  amountMinor: bigint;
  log: RawLog;
}

export const TRANSFER_TOPIC = toEventSelector('Transfer(address,address,uint256)');
export const USED_TOPIC = toEventSelector('AuthorizationUsed(address,bytes32)');
export const CANCELED_TOPIC = toEventSelector('AuthorizationCanceled(address,bytes32)');

export interface ChainReader {
  readonly rpc: Rpc;
  readonly token: Token;
  head(signal?: AbortSignal): Promise<BlockHead>;
  /** Undefined beyond the head. */
  block(number: number, signal?: AbortSignal): Promise<BlockHead | undefined>;
  receipt(hash: Hex, signal?: AbortSignal): Promise<RawReceipt | undefined>;
  isUsed(key: AuthorizationKey, signal?: AbortSignal): Promise<boolean>;
  balanceMinor(account: Address, atBlock?: number): Promise<bigint>;
  /** Whether the node holds an unmined transaction with this call. */
  isWaiting(sender: Address, call: Hex, signal?: AbortSignal): Promise<boolean>;
  logs(filter: LogFilter, signal?: AbortSignal): Promise<RawLog[]>;
}

export interface LogFilter {
  fromBlock: number;
  toBlock: number;
  topics: (Hex | Hex[] | null)[];
}

interface RawBlock {
  number: Hex;
  hash: Hex;
  timestamp: Hex;
}

export function createReader(rpc: Rpc, token: Token): ChainReader {
  const block = async (which: Hex | 'latest', signal?: AbortSignal) => {
    const found = await rpc.call<RawBlock | null>('eth_getBlockByNumber', [which, false], signal);
    return found ? headOf(found) : undefined;
  };
  const read = async (data: Hex, at: Hex | 'latest', signal?: AbortSignal) =>
    rpc.call<Hex>('eth_call', [{ to: token.address, data }, at], signal);
  return {
    rpc,
    token,
    async head(signal) {
      const found = await block('latest', signal);
      if (!found) throw new Error('the node has no block at all');
      return found;
    },
    block: (number, signal) => block(numberToHex(number), signal),
    async receipt(hash, signal) {
      return (await rpc.call<RawReceipt | null>('eth_getTransactionReceipt', [hash], signal)) ?? undefined;
    },
    async isUsed({ from, nonce }, signal) {
      const query = { abi: TOKEN_ABI, functionName: 'authorizationState' as const };
      const data = await read(encodeFunctionData({ ...query, args: [from, nonce] }), 'latest', signal);
      return decodeFunctionResult({ ...query, data });
    },
    async balanceMinor(account, atBlock) {
      const query = { abi: TOKEN_ABI, functionName: 'balanceOf' as const };
      const at = atBlock === undefined ? 'latest' : numberToHex(atBlock);
      const data = await read(encodeFunctionData({ ...query, args: [account] }), at);
      return decodeFunctionResult({ ...query, data });
    },
    isWaiting: (sender, call, signal) => isWaiting(rpc, sender, call, signal),
    logs: ({ fromBlock, toBlock, topics }, signal) =>
      rpc.call<RawLog[]>(
        'eth_getLogs',
        [
          {
            address: token.address,
            fromBlock: numberToHex(fromBlock),
            toBlock: numberToHex(toBlock),
            topics,
          },
        ],
        signal,
      ),
  };
}

function headOf({ number, hash, timestamp }: RawBlock): BlockHead {
  return { number: Number(number), hash, timestamp: Number(timestamp) };
}

async function isWaiting(rpc: Rpc, sender: Address, call: Hex, signal?: AbortSignal): Promise<boolean> {
  const pending = await rpc.call<{ transactions: { from: Address; input: Hex }[] } | null>(
    'eth_getBlockByNumber',
    ['pending', true],
    signal,
  );
  return (pending?.transactions ?? []).some(
    ({ from, input }) => isAddressEqual(from, sender) && input.toLowerCase() === call.toLowerCase(),
  );
}

/** A log of the token as a transfer; undefined when it is another event. */
export function transferOf(log: RawLog): TokenTransfer | undefined {
  const [event, from, to] = log.topics;
  if (event !== TRANSFER_TOPIC || !from || !to || log.topics.length !== 3) return undefined;
  const [amountMinor] = decodeAbiParameters([{ type: 'uint256' }], log.data);
  return { from: addressIn(from), to: addressIn(to), amountMinor, log };
}

export function addressIn(topic: Hex): Address {
  return getAddress(`0x${topic.slice(-40)}`);
}

export function topicOf(address: Address): Hex {
  return pad(address).toLowerCase() as Hex;
}

export function confirmationsOf(head: BlockHead, blockNumber: number): number {
  return Math.max(0, head.number - blockNumber + 1);
}
