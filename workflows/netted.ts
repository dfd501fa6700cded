import { condition } from '@temporalio/workflow';
import type { SignedInstruction } from '../domain/settlement';
import { local } from './activities';

/** Signals tell of a change at once; this often the books are read without one. */
const LOOK_EVERY = '6 hours';

/**
 * Waits while a netting cycle is to pay for the deal. An instruction where the deal is to be paid by itself after all;
 * undefined where it was settled, or has ended.
 */
export async function netted(
  transactionId: string,
  changes: { pending(): boolean; read(): void },
): Promise<SignedInstruction | undefined> {
  for (;;) {
    changes.read();
    const look = await local.lookAtNettedDeal({ transactionId });
    if (look.outcome === 'instructed') return look.instruction;
    if (look.outcome === 'over') return undefined;
    await condition(() => changes.pending(), LOOK_EVERY);
  }
}
