/**
 * The statement of AURA's wallet: the token's logs of the blocks of a period. Only blocks that stay are in it; a period
 * whose last movements are not confirmed yet has no statement, and asking again a few blocks later gives one.
 */
import type { StatementLine } from '../../domain/settlement';
import { RailUnreachableError, type RailStatement, type StatementPeriod } from '../port';
import { isLost, type ChainContext } from './context';
import { lineOf } from './lines';
import { BLOCKS_PER_CHUNK, movementsIn } from './movements';
import { CONFIRMATIONS, type ChainReader } from './reader';
import { RpcError } from './rpc';

/** Reading moves no money: whatever fails is `RailUnreachableError`, and reading again is safe. */
export async function readStatement(context: ChainContext, period: StatementPeriod): Promise<RailStatement> {
  return asking(async () => {
    const { reader, token } = context;
    const head = await reader.head();
    const settled = Math.max(0, head.number - CONFIRMATIONS + 1);
    const fromBlock = await firstBlockFrom(reader, Date.parse(period.from), head.number);
    const beyond = await firstBlockFrom(reader, Date.parse(period.to), head.number);
    // Of a period that is over, all that is in it must be there to stay.
    const periodIsOver = beyond <= head.number || Date.parse(period.to) <= context.deps.clock().getTime();
    if (periodIsOver) await expectQuiet(context, Math.max(settled + 1, fromBlock), beyond - 1);
    const toBlock = Math.min(beyond - 1, settled);
    return {
      openingMinor: await balanceAt(context, fromBlock - 1, head.number),
      closingMinor: await balanceAt(context, Math.max(toBlock, fromBlock - 1), head.number),
      asset: token.asset,
      lines: readLines(context, fromBlock, toBlock),
    };
  });
}

async function expectQuiet(context: ChainContext, fromBlock: number, toBlock: number): Promise<void> {
  if (fromBlock > toBlock || (await movementsIn(context, fromBlock, toBlock)).length === 0) return;
  throw new RailUnreachableError('the last movements of the period are not confirmed yet');
}

/** The first block at or after an instant; one beyond the head when there is none. */
async function firstBlockFrom(reader: ChainReader, atMs: number, head: number): Promise<number> {
  let low = 0;
  let high = head + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const block = await reader.block(middle);
    if (!block) throw new RailUnreachableError(`the node has no block ${middle}`);
    if (block.timestamp * 1_000 >= atMs) high = middle;
    else low = middle + 1;
  }
  return low;
}

async function balanceAt(context: ChainContext, block: number, head: number): Promise<bigint> {
  if (block < 0) return 0n;
  try {
    return await context.reader.balanceMinor(context.wallet.address, block);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return balanceByMovements(context, block, head);
  }
}

/** Nodes keep old states for a while only. Before that: what is there now less what has moved since. */
async function balanceByMovements(context: ChainContext, block: number, head: number): Promise<bigint> {
  let balanceMinor = await context.reader.balanceMinor(context.wallet.address, head);
  for await (const { direction, amount_minor: amount } of readLines(context, block + 1, head)) {
    balanceMinor -= direction === 'credit' ? BigInt(amount) : -BigInt(amount);
  }
  return balanceMinor;
}

async function* readLines(
  context: ChainContext,
  fromBlock: number,
  toBlock: number,
): AsyncGenerator<StatementLine> {
  for (let start = fromBlock; start <= toBlock; start += BLOCKS_PER_CHUNK) {
    const end = Math.min(toBlock, start + BLOCKS_PER_CHUNK - 1);
    const movements = await asking(() => movementsIn(context, start, end));
    const times = new Map<number, number>();
    for (const movement of movements) {
      const { blockNumber, instructionId } = movement;
      const known = times.get(blockNumber);
      const timestamp = known ?? (await asking(() => timeOf(context.reader, blockNumber)));
      times.set(blockNumber, timestamp);
      yield lineOf(context, movement, { timestamp }, instructionId);
    }
  }
}

async function timeOf(reader: ChainReader, blockNumber: number): Promise<number> {
  const block = await reader.block(blockNumber);
  if (!block) throw new RailUnreachableError(`the node has no block ${blockNumber}`);
  return block.timestamp;
}

async function asking<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isLost(error)) throw new RailUnreachableError(`no statement: ${error.message}`, { cause: error });
    throw error;
  }
}
