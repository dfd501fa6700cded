import { condition, setHandler } from '@temporalio/workflow';
import { local } from './activities';
import { marginFunded, type RecoveryInput } from './messages';

/** A debt to AURA: waits for deposits until the call runs out, then declares the default. */
export async function recovery({ recoveryId }: RecoveryInput): Promise<{ status: string }> {
  let funded = false;
  setHandler(marginFunded, () => void (funded = true));
  for (;;) {
    const { forMs } = await local.recoveryCall({ recoveryId });
    if (forMs === null) return { status: 'covered' };
    if (forMs === 0) return local.declareDefault({ recoveryId });
    funded = false;
    await condition(() => funded, forMs);
  }
}
