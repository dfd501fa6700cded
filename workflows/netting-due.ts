import { local } from './activities';
import { follow } from './follow';
import type { NettingDueInput } from './messages';
import { netting } from './netting';
import { tellDeals } from './tell-deals';

/** At the cut-off of a banking day: the open cycle closes. Earlier ones whose statement lines came late are cleared. */
export async function nettingDue(input: NettingDueInput): Promise<{ closed: string | null }> {
  const { close, clear } = await local.cyclesDue(input);
  if (close !== null) await follow(netting, close, { cycleId: close });
  for (const cycleId of clear) await tellDeals((await local.clearCycle({ cycleId })).tell);
  return { closed: close };
}
