/** Makes blocks: one each block time while there is something to confirm, and now and then while there is not. */
import type { Hex } from 'viem';
import type { SandboxChain } from './chain';

export interface Miner {
  /** Replaces the block of a transaction once so many blocks were mined from it on. */
  reorganiseAfter(hash: Hex, blocks: number): void;
  close(): Promise<void>;
}

export interface MinerOptions {
  chain: SandboxChain;
  /** 0: blocks are made by the operator only. */
  blockMs: number;
  onFatal: (error: unknown) => void;
}

/** Blocks after the last transaction that come at full pace: more than anyone waits for. */
const BUSY_BLOCKS = 40;
/** A block of an idle chain each so many block times, so that its clock goes on. */
const IDLE_FACTOR = 10;
const WATCH_MS = 25;
const MAX_PLANS = 100;

export function startMiner({ chain, blockMs, onFatal }: MinerOptions): Miner {
  const plans = new Map<Hex, number>();
  let closed = false;
  let quietBlocks = 0;
  let skipped = 0;
  let running: Promise<void> = Promise.resolve();
  const tick = async () => {
    if (blockMs > 0) {
      const pending = await chain.pendingCount();
      if (pending > 0) quietBlocks = 0;
      const idle = quietBlocks >= BUSY_BLOCKS;
      skipped = idle ? skipped + 1 : 0;
      if (!idle || skipped % IDLE_FACTOR === 0) {
        await chain.mine(1);
        quietBlocks += 1;
      }
    }
    await followPlans(chain, plans);
  };
  const loop = () => {
    if (closed) return;
    const startedAt = Date.now();
    running = tick().catch((error: unknown) => {
      if (!closed) onFatal(error);
    });
    void running.then(() => {
      const pause = Math.max(0, (blockMs || WATCH_MS) - (Date.now() - startedAt));
      timer = setTimeout(loop, pause);
    });
  };
  let timer = setTimeout(loop, blockMs || WATCH_MS);
  return {
    reorganiseAfter(hash, blocks) {
      if (plans.size < MAX_PLANS) plans.set(hash, blocks);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await running;
    },
  };
}

async function followPlans(chain: SandboxChain, plans: Map<Hex, number>): Promise<void> {
  if (plans.size === 0) return;
  const height = await chain.height();
  for (const [hash, blocks] of plans) {
    const receipt = await chain.rpc.call<{ blockNumber: Hex } | null>('eth_getTransactionReceipt', [hash]);
    const depth = receipt ? height - Number(receipt.blockNumber) + 1 : 0;
    if (depth < blocks) continue;
    plans.delete(hash);
    await chain.reorganise(depth, false);
  }
}
