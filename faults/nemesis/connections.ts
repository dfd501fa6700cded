/** What happens on the way between two processes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Link } from '../kinds';
import type { Toxic } from '../proxies';
import type { Fault } from '../schedule';
import type { Inflict, Stage } from './stage';

export const cut: Inflict = async ({ proxies }, { target, forMs }) => {
  const link = target as Link;
  await proxies.enable(link, false);
  await sleep(forMs);
  await proxies.enable(link, true);
};

const either = (lot: number): Toxic['stream'] => (lot < 0.5 ? 'upstream' : 'downstream');

/** Connections end with a reset after so many bytes: some before the question, some in the middle of the answer. */
export const reset: Inflict = (stage, fault) =>
  poisoned(stage, fault, {
    type: 'limit_data',
    stream: either(fault.lot),
    attributes: { bytes: 200 + Math.round(fault.lot * 20_000) },
  });

export const delay: Inflict = (stage, fault) =>
  poisoned(stage, fault, {
    type: 'latency',
    stream: either(fault.lot),
    attributes: { latency: 200 + Math.round(fault.lot * 1_300), jitter: 150 },
  });

/** Nothing comes through and nobody is told; when it is over, what hung is closed. */
export const hang: Inflict = (stage, fault) =>
  poisoned(stage, fault, { type: 'timeout', stream: either(fault.lot), attributes: { timeout: 0 } });

async function poisoned({ proxies }: Stage, { target, forMs, number }: Fault, toxic: Toxic): Promise<void> {
  const name = `fault-${number}`;
  await proxies.poison(target as Link, name, toxic);
  await sleep(forMs);
  await proxies.cure(target as Link, name);
}
