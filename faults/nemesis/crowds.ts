/** Too much at once: queues that fill up, floods of requests, receivers that take nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RailName } from '../../domain/settlement';
import type { Inflict } from './stage';

const RUSH_DEALS = 8;
const FLOOD_REQUESTS = 300;

/** The rail's worker stands still while deals for it come in, and then finds all of them at once. */
export const fillQueue: Inflict = async ({ keeper, rush }, { target, forMs }) => {
  const pid = keeper.pidOf(target);
  signal(pid, 'SIGSTOP');
  rush(target.replace(/^rail-/, '') as RailName, RUSH_DEALS);
  await sleep(forMs);
  signal(pid, 'SIGCONT');
};

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It was killed meanwhile.
  }
}

export const floodApi: Inflict = async ({ apiUrl }) => {
  const ask = async (number: number) => {
    try {
      const path = number % 2 === 0 ? '/v1/sessions/ses_00000000000000000000000000' : '/v1/sessions';
      const response = await fetch(`${apiUrl}${path}`, {
        method: number % 2 === 0 ? 'GET' : 'POST',
        headers: { 'content-type': 'application/json' },
        body: number % 2 === 0 ? undefined : JSON.stringify({ intent: 'x'.repeat(2_000) }),
        signal: AbortSignal.timeout(10_000),
      });
      await response.arrayBuffer();
    } catch {
      // Whatever it answers, it is to stay up for the others.
    }
  };
  await Promise.all(Array.from({ length: FLOOD_REQUESTS }, (_unused, number) => ask(number)));
};

export const receiversFail: Inflict = async ({ receivers }, { forMs, lot }) => {
  receivers.behave(lot < 0.4 ? 'fail' : lot < 0.7 ? 'take_and_cut' : 'hang');
  await sleep(forMs);
  receivers.behave('well');
};
