/** Starts what has ended again, as whoever runs the platform would: its processes and the sandbox networks. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ManagedProcess, Platform } from '../bin/platform';
import type { FamilyName } from '../rails/sandbox';

export interface Keeper {
  /** `kill -9`; it is started again after a while. Resolves when it is ready again. */
  kill(name: string, downMs: number): Promise<void>;
  killNetwork: (family: FamilyName) => Promise<void>;
  pidOf(name: string): number;
  /** Processes that ended without having been killed. */
  readonly endedByThemselves: string[];
  stop(): void;
}

const AGAIN_AFTER_MS = 500;

export function createKeeper(platform: Platform, envOf: (name: string) => Record<string, string>): Keeper {
  const endedByThemselves: string[] = [];
  const expected = new Set<ManagedProcess>();
  const returning = new Map<string, Promise<void>>();
  let stopped = false;

  const watch = (name: string) => {
    const running = platform.processes.get(name);
    if (!running) return;
    void running.exited.then(() => {
      if (stopped || expected.has(running)) return;
      endedByThemselves.push(name);
      void bringBack(name, AGAIN_AFTER_MS);
    });
  };

  /** One at a time for each name: whoever comes second waits for the first. */
  const bringBack = (name: string, afterMs: number): Promise<void> => {
    const coming =
      returning.get(name) ??
      startAgain(name, afterMs).finally(() => {
        returning.delete(name);
      });
    returning.set(name, coming);
    return coming;
  };

  const startAgain = async (name: string, afterMs: number) => {
    await sleep(afterMs);
    while (!stopped) {
      try {
        await platform.restart(name, envOf(name));
        return watch(name);
      } catch {
        // What it needs may be down too.
        await sleep(AGAIN_AFTER_MS);
      }
    }
  };

  for (const name of platform.processes.keys()) watch(name);
  return {
    endedByThemselves,
    async kill(name, downMs) {
      const running = platform.processes.get(name);
      if (!running) throw new Error(`there is no process ${name}`);
      expected.add(running);
      await running.kill();
      await bringBack(name, downMs);
    },
    async killNetwork(family) {
      while (!stopped) {
        try {
          return await platform.sandboxes.crash(family);
        } catch {
          await sleep(AGAIN_AFTER_MS);
        }
      }
    },
    pidOf(name) {
      const running = platform.processes.get(name);
      if (!running) throw new Error(`there is no process ${name}`);
      return running.pid;
    },
    stop() {
      stopped = true;
    },
  };
}
