import { findOnPath, runCommand } from './commands';
import type { Context } from './service';

const TIMEOUT_MS = 5 * 60_000;

interface PackageManager {
  command: string;
  needsRoot: boolean;
  steps: string[][];
}

const PACKAGE_MANAGERS: PackageManager[] = [
  {
    command: 'apt-get',
    needsRoot: true,
    steps: [['update'], ['install', '-y', '--no-install-recommends', 'redis-server']],
  },
  { command: 'apk', needsRoot: true, steps: [['add', '--no-cache', 'redis']] },
  { command: 'dnf', needsRoot: true, steps: [['install', '-y', 'redis']] },
  { command: 'brew', needsRoot: false, steps: [['install', 'redis']] },
];

/** Installs Redis with the system's package manager, where this user may; says so first. */
export async function installRedis(context: Context): Promise<boolean> {
  const isRoot = process.getuid?.() === 0;
  const manager = PACKAGE_MANAGERS.find(
    ({ command, needsRoot }) => needsRoot === isRoot && findOnPath(command, context.env) !== undefined,
  );
  if (manager === undefined) return false;
  const { command, steps } = manager;
  context.say(`Redis: not found, so installing it with ${command}`);
  for (const step of steps) {
    const result = await runCommand(command, step, {
      timeoutMs: TIMEOUT_MS,
      // Debian's scripts start no daemon of their own in run level 1.
      env: { ...context.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
      signal: context.signal,
      onElapsed: (elapsed) => context.say(`Redis: still installing, ${elapsed}`),
    });
    if (result.ok) continue;
    context.say(`Redis: ${command} ${step.join(' ')} failed (${result.lastLine})`);
    return false;
  }
  return true;
}
