/** What the chain knows of an authorization. */
import { isAddressEqual, type Address, type Hex } from 'viem';
import type { AuthorizationKey } from './authorization';
import {
  addressIn,
  CANCELED_TOPIC,
  confirmationsOf,
  topicOf,
  transferOf,
  USED_TOPIC,
  type BlockHead,
  type ChainReader,
  type RawLog,
  type RawReceipt,
  type TokenTransfer,
} from './reader';

export type Finding =
  | { state: 'unused'; head: BlockHead }
  /** Used, and what it moved. */
  | {
      state: 'used';
      head: BlockHead;
      block: BlockHead;
      confirmations: number;
      receipt: RawReceipt;
      transfer: TokenTransfer;
    }
  | { state: 'canceled'; head: BlockHead; confirmations: number; log: RawLog }
  /** The token says it is used, but the node does not show where. */
  | { state: 'unclear'; head: BlockHead };

const BLOCKS_PER_SEARCH = 5_000;
/** More blocks than any instruction's life. */
const MAX_SEARCHES = 20;

export async function findAuthorization(
  reader: ChainReader,
  key: AuthorizationKey,
  signal?: AbortSignal,
): Promise<Finding> {
  const used = await reader.isUsed(key, signal);
  const head = await reader.head(signal);
  if (!used) return { state: 'unused', head };
  const log = await findUse(reader, key, head, signal);
  if (!log) return { state: 'unclear', head };
  const confirmations = confirmationsOf(head, Number(log.blockNumber));
  if (log.topics[0] === CANCELED_TOPIC) return { state: 'canceled', head, confirmations, log };
  const receipt = await reader.receipt(log.transactionHash, signal);
  const block = await reader.block(Number(log.blockNumber), signal);
  const transfer = receipt && transferAfter(receipt, log, key);
  if (!receipt || !transfer || receipt.blockHash !== log.blockHash || block?.hash !== log.blockHash)
    return { state: 'unclear', head };
  return { state: 'used', head, block, confirmations, receipt, transfer };
}

async function findUse(reader: ChainReader, key: AuthorizationKey, head: BlockHead, signal?: AbortSignal) {
  const topics = [[USED_TOPIC, CANCELED_TOPIC], topicOf(key.from), key.nonce.toLowerCase() as Hex];
  let toBlock = head.number;
  for (let search = 0; search < MAX_SEARCHES && toBlock >= 0; search += 1) {
    const fromBlock = Math.max(0, toBlock - BLOCKS_PER_SEARCH + 1);
    const [found] = await reader.logs({ fromBlock, toBlock, topics }, signal);
    if (found) return found;
    toBlock = fromBlock - 1;
  }
  return undefined;
}

/** The transfer that an authorization's use made: the first one of the payer's after it in the same transaction. */
export function transferAfter(receipt: RawReceipt, used: RawLog, { from }: Pick<AuthorizationKey, 'from'>) {
  if (receipt.status !== '0x1') return undefined;
  for (const log of receipt.logs) {
    if (Number(log.logIndex) <= Number(used.logIndex) || !isAddressEqual(log.address, used.address)) continue;
    const transfer = transferOf(log);
    if (transfer) return isAddressEqual(transfer.from, from) ? transfer : undefined;
  }
  return undefined;
}

export interface TransferQuestion {
  /** The transaction that is said to have made it. */
  transaction: Hex;
  to: Address;
  amountMinor: bigint;
  /** Whether the transfer, made by an authorization with this nonce, is another instruction's. */
  isTaken: (transfer: TokenTransfer, nonce: Hex) => Promise<boolean>;
}

export type TransferFinding =
  | Extract<Finding, { state: 'used' }>
  /** No such transfer in the transaction; with 0 confirmations where it is in no block. */
  | { state: 'absent'; head: BlockHead; confirmations: number };

/** The transfer by authorization in a transaction that somebody named. */
export async function findTransfer(
  reader: ChainReader,
  { transaction, to, amountMinor, isTaken }: TransferQuestion,
  signal?: AbortSignal,
): Promise<TransferFinding> {
  const head = await reader.head(signal);
  const receipt = await reader.receipt(transaction, signal);
  const block = receipt && (await reader.block(Number(receipt.blockNumber), signal));
  if (!receipt || !block || block.hash !== receipt.blockHash || receipt.transactionHash !== transaction)
    return { state: 'absent', head, confirmations: 0 };
  const confirmations = confirmationsOf(head, block.number);
  for (const { transfer, nonce } of transfersByAuthorization(receipt, reader.token.address)) {
    const fits = isAddressEqual(transfer.to, to) && transfer.amountMinor === amountMinor;
    if (fits && !(await isTaken(transfer, nonce)))
      return { state: 'used', head, block, confirmations, receipt, transfer };
  }
  return { state: 'absent', head, confirmations };
}

function transfersByAuthorization(receipt: RawReceipt, token: Address) {
  return receipt.logs.flatMap((used) => {
    const [event, authorizer, nonce] = used.topics;
    if (event !== USED_TOPIC || !authorizer || !nonce || !isAddressEqual(used.address, token)) return [];
    const transfer = transferAfter(receipt, used, { from: addressIn(authorizer) });
    return transfer ? [{ transfer, nonce }] : [];
  });
}
