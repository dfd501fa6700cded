/** Killing, stopping and misdating the platform's own processes, the networks and the servers. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { KillableName } from '../../bin/services/killable';
import type { FamilyName } from '../../rails/sandbox';
import { FAMILIES } from '../kinds';
import type { Inflict } from './stage';

export const killProcess: Inflict = ({ keeper }, { target, forMs }) => keeper.kill(target, forMs);

export const killNetwork: Inflict = ({ keeper }, { target }) => keeper.killNetwork(target as FamilyName);

export const killServer: Inflict = async ({ servers }, { target, forMs }) => {
  const server = servers[target as KillableName];
  await server.kill();
  await sleep(forMs);
  await startAgain(server);
};

const START_TRIES = 10;
const START_AGAIN_MS = 500;

/** The memory that a killed Postgres shared with its children may not be free at once. */
async function startAgain(server: { start(): Promise<void> }): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await server.start();
    } catch (error) {
      if (tries === START_TRIES) throw error;
      await sleep(START_AGAIN_MS);
    }
  }
}

/** As if the power had gone: nothing of it has time to tell anything else. */
export const killEverything: Inflict = async (stage, { forMs }) => {
  const { servers, keeper, platform } = stage;
  const own = [servers.temporal, servers.postgres, servers.redis];
  const killed = Promise.all(own.map((server) => server.kill()));
  const back = [...platform.processes.keys()].map((name) => keeper.kill(name, forMs));
  await killed;
  await sleep(forMs);
  await Promise.all(own.map((server) => startAgain(server)));
  // The facilitator settles on the chain: it comes last.
  await Promise.all(FAMILIES.filter((family) => family !== 'facilitator').map(keeper.killNetwork));
  await keeper.killNetwork('facilitator');
  await Promise.all(back);
};

export const dropRedisData: Inflict = async ({ servers }) => {
  const client = new Redis(servers.redis.url, { lazyConnect: true, maxRetriesPerRequest: 1 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.flushall();
  } finally {
    client.disconnect();
  }
};

export const freezeProcess: Inflict = ({ keeper }, { target, forMs }) => freeze(keeper.pidOf(target), forMs);

export const freezeNetwork: Inflict = ({ platform }, { target, forMs }) =>
  freeze(platform.sandboxes.processes.get(target as FamilyName)?.pid ?? 0, forMs);

/** It takes part in nothing, and then goes on in the middle of what it was doing. */
async function freeze(pid: number, forMs: number): Promise<void> {
  if (!signal(pid, 'SIGSTOP')) return;
  await sleep(forMs);
  signal(pid, 'SIGCONT');
}

/** Whether there was such a process. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return pid > 0 && process.kill(pid, name);
  } catch {
    return false;
  }
}

/** Beyond what signatures and proofs tolerate, and within it, both ways. */
const JUMPS_MS = [-600_000, -150_000, -90_000, -5_000, 5_000, 90_000, 150_000, 600_000] as const;

export const jumpClock: Inflict = async ({ clocksDir }, { target, forMs, lot }) => {
  const file = join(clocksDir, target);
  writeFileSync(file, String(JUMPS_MS[Math.floor(lot * JUMPS_MS.length)] ?? 0));
  await sleep(forMs);
  writeFileSync(file, '0');
};
