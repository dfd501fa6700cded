/** AURA's movements of a range of blocks, each with the instruction it belongs to. */
import { isAddressEqual, type Hex } from 'viem';
import type { ChainContext } from './context';
import { instructionOfNonce } from './authorization';
import { topicOf, TRANSFER_TOPIC, transferOf, USED_TOPIC, type RawLog, type TokenTransfer } from './reader';

export interface Movement extends TokenTransfer {
  instructionId: string | null;
  blockNumber: number;
}

export const BLOCKS_PER_CHUNK = 2_000;
const PAYERS_PER_QUESTION = 100;

/** In the order of the chain. At most `BLOCKS_PER_CHUNK` blocks at once. */
export async function movementsIn(
  context: ChainContext,
  fromBlock: number,
  toBlock: number,
): Promise<Movement[]> {
  const { reader, wallet } = context;
  const ours = topicOf(wallet.address);
  const range = { fromBlock, toBlock };
  const sent = await reader.logs({ ...range, topics: [TRANSFER_TOPIC, ours] });
  const received = await reader.logs({ ...range, topics: [TRANSFER_TOPIC, null, ours] });
  const transfers = inOrder([...sent, ...received]).flatMap((log) => transferOf(log) ?? []);
  const uses = await usesBy(context, range, transfers);
  const movements: Movement[] = [];
  for (const transfer of transfers) {
    const nonce = nonceBefore(uses, transfer);
    const instructionId =
      context.instructionOfTransfer?.(transfer.log) ??
      (nonce ? await instructionOf(context, transfer, nonce) : null);
    movements.push({ ...transfer, instructionId, blockNumber: Number(transfer.log.blockNumber) });
  }
  return movements;
}

/** Without repetitions: a transfer to oneself is both sent and received. */
function inOrder(logs: readonly RawLog[]): RawLog[] {
  const unique = new Map(logs.map((log) => [`${log.blockNumber}:${log.logIndex}`, log]));
  return [...unique.values()].sort(
    (a, b) => Number(a.blockNumber) - Number(b.blockNumber) || Number(a.logIndex) - Number(b.logIndex),
  );
}

async function usesBy(
  { reader }: ChainContext,
  range: { fromBlock: number; toBlock: number },
  transfers: readonly TokenTransfer[],
): Promise<Map<Hex, RawLog[]>> {
  const payers = [...new Set(transfers.map(({ from }) => topicOf(from)))];
  const byTransaction = new Map<Hex, RawLog[]>();
  for (let start = 0; start < payers.length; start += PAYERS_PER_QUESTION) {
    const some = payers.slice(start, start + PAYERS_PER_QUESTION);
    for (const log of await reader.logs({ ...range, topics: [USED_TOPIC, some] })) {
      byTransaction.set(log.transactionHash, [...(byTransaction.get(log.transactionHash) ?? []), log]);
    }
  }
  return byTransaction;
}

/** The nonce of the authorization that made a transfer: the payer's last one used before it in the transaction. */
function nonceBefore(uses: Map<Hex, RawLog[]>, { from, log }: TokenTransfer): Hex | undefined {
  const before = (uses.get(log.transactionHash) ?? []).filter(
    (use) => use.topics[1] === topicOf(from) && Number(use.logIndex) < Number(log.logIndex),
  );
  return before.sort((a, b) => Number(b.logIndex) - Number(a.logIndex))[0]?.topics[2];
}

async function instructionOf(
  { wallet, deps }: ChainContext,
  { from }: TokenTransfer,
  nonce: Hex,
): Promise<string | null> {
  if (isAddressEqual(from, wallet.address)) return instructionOfNonce(nonce) ?? null;
  return (await deps.directory.instructionOfMandate(nonce)) ?? null;
}
