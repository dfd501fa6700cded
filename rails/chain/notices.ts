/**
 * Reorganisations: settlements that were confirmed and are not in the chain any more. What is watched travels in the
 * cursor, the last 256 blocks of it.
 */
import { z } from 'zod';
import type { Hex } from 'viem';
import { canonicalJson, sha256Hex } from '../../domain/canonical';
import { signNotice, type RailNotice } from '../../domain/settlement';
import { RailUnreachableError } from '../port';
import { isLost, type ChainContext } from './context';
import { movementsIn } from './movements';
import { CONFIRMATIONS, type BlockHead } from './reader';

const WATCHED_BLOCKS = 256;
const MAX_WATCHED = 1_000;

const hex = z.string().regex(/^0x[0-9a-f]{64}$/i);
const watchedSettlement = z.strictObject({
  instruction: z.string(),
  transaction: hex,
  line: z.string(),
  amountMinor: z.string(),
  block: z.number().int(),
  blockHash: hex,
});
const cursorContent = z.strictObject({
  /** The last block whose settlements are watched. */
  scanned: z.number().int(),
  watched: z.array(watchedSettlement).max(MAX_WATCHED),
});
type Watched = z.infer<typeof watchedSettlement>;
type Cursor = z.infer<typeof cursorContent>;

export async function readNotices(
  context: ChainContext,
  text: string | null,
): Promise<{ notices: RailNotice[]; cursor: string }> {
  try {
    const cursor: Cursor =
      text === null ? { scanned: -1, watched: [] } : cursorContent.parse(JSON.parse(text));
    return await look(context, cursor);
  } catch (error) {
    if (isLost(error)) throw new RailUnreachableError(`no notices: ${error.message}`, { cause: error });
    throw error;
  }
}

async function look(context: ChainContext, { scanned, watched }: Cursor) {
  const head = await context.reader.head();
  const settled = head.number - CONFIRMATIONS + 1;
  const oldest = settled - WATCHED_BLOCKS + 1;
  const { kept, gone, changedFrom } = await check(context, watched);
  const notices: RailNotice[] = [];
  for (const one of gone) notices.push(await noticeOf(context, one, head));
  // Blocks that came in the place of others are looked through again.
  const from = Math.max(0, oldest, Math.min(scanned + 1, changedFrom ?? Number.MAX_SAFE_INTEGER));
  const found = from <= settled ? await settlementsIn(context, from, settled) : [];
  const known = new Set(found.map(({ transaction, line }) => `${transaction}:${line}`));
  const all = [...kept.filter(({ transaction, line }) => !known.has(`${transaction}:${line}`)), ...found];
  const next: Cursor = {
    scanned: Math.max(settled, -1),
    watched: all.filter(({ block }) => block >= oldest).slice(-MAX_WATCHED),
  };
  return { notices, cursor: JSON.stringify(next) };
}

/** As each block names the one before it, the newest that still stands vouches for all older ones. */
async function check({ reader }: ChainContext, watched: readonly Watched[]) {
  const kept: Watched[] = [];
  const gone: Watched[] = [];
  let changedFrom: number | undefined;
  const blocks = [...new Set(watched.map(({ block }) => block))].sort((a, b) => b - a);
  for (const number of blocks) {
    const there = watched.filter(({ block }) => block === number);
    const hash = (await reader.block(number))?.hash;
    if (there.every(({ blockHash }) => blockHash === hash)) {
      kept.push(...watched.filter(({ block }) => block <= number));
      break;
    }
    changedFrom = number;
    for (const one of there) {
      // The same transaction in another block is the same settlement.
      const receipt = await reader.receipt(one.transaction as Hex);
      if (receipt?.status !== '0x1') gone.push(one);
      else kept.push({ ...one, block: Number(receipt.blockNumber), blockHash: receipt.blockHash });
    }
  }
  kept.sort((a, b) => a.block - b.block);
  return { kept, gone: gone.reverse(), changedFrom };
}

async function settlementsIn(context: ChainContext, from: number, to: number): Promise<Watched[]> {
  const movements = await movementsIn(context, from, to);
  return movements.flatMap(({ instructionId, log, amountMinor, blockNumber }) =>
    instructionId === null
      ? []
      : [
          {
            instruction: instructionId,
            transaction: log.transactionHash,
            line: Number(log.logIndex).toString(),
            amountMinor: amountMinor.toString(),
            block: blockNumber,
            blockHash: log.blockHash,
          },
        ],
  );
}

async function noticeOf({ rail, token, deps, reader }: ChainContext, gone: Watched, head: BlockHead) {
  const replaced = await reader.block(gone.block);
  const occurredAt = new Date((replaced ?? head).timestamp * 1_000).toISOString();
  const evidence = canonicalJson({
    format: 'evm:reorganisation',
    network: token.network,
    transaction_hash: gone.transaction,
    block_number: gone.block,
    former_block_hash: gone.blockHash,
    block_hash: replaced?.hash ?? null,
    head: { number: head.number, hash: head.hash },
  });
  return signNotice(
    {
      type: 'aura.rail-notice.v1',
      rail,
      network: token.network,
      notice_id: `reorganisation:${gone.transaction}:${gone.blockHash}`,
      kind: 'reorganisation',
      instruction_id: gone.instruction,
      original_reference: gone.transaction,
      amount_minor: gone.amountMinor,
      asset: token.asset,
      fee_minor: '0',
      reason_code: 'REORGANISATION',
      reason: 'the block that the settlement was in is no longer part of the chain',
      reference: gone.transaction,
      line: gone.line,
      business_date: occurredAt.slice(0, 10),
      occurred_at: occurredAt,
      evidence_format: 'evm:reorganisation',
      evidence_sha256: sha256Hex(evidence),
    },
    evidence,
    deps.signer,
  );
}
