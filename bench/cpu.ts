/** Where the processor's time goes: by process, read from /proc, so that it is there on Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

const TICK_MS = 10;

export type CpuTimes = ReadonlyMap<string, number>;

/**
 * Milliseconds of CPU so far, by label. Whatever descends from a labelled process counts as its; Postgres' own and
 * Temporal's are found by their command lines.
 */
export function cpuTimes(labels: ReadonlyMap<number, string>, dataDir: string): CpuTimes {
  const times = new Map<string, number>();
  const parents = new Map<number, number>();
  const found: { pid: number; ms: number; command: string }[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      parents.set(pid, Number(fields[1]));
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      found.push({ pid, ms: (Number(fields[11]) + Number(fields[12])) * TICK_MS, command });
    } catch {
      // It has ended meanwhile.
    }
  }
  const all = new Map(labels);
  for (const { pid, command } of found) {
    if (!command.includes(dataDir) || command.includes('supervisor.mjs')) continue;
    if (/\bpostgres -D /.test(command)) all.set(pid, 'postgres');
    if (/\/server --root /.test(command)) all.set(pid, 'temporal');
  }
  for (const { pid, ms } of found) {
    const label = labelOf(pid, all, parents);
    if (label) times.set(label, (times.get(label) ?? 0) + ms);
  }
  return times;
}

function labelOf(
  pid: number,
  labels: ReadonlyMap<number, string>,
  parents: ReadonlyMap<number, number>,
): string | undefined {
  for (let at: number | undefined = pid; at !== undefined && at > 1; at = parents.get(at)) {
    const label = labels.get(at);
    if (label) return label;
  }
  return undefined;
}

/** `worker 21, postgres 14, …`: milliseconds each, the most first. */
export function spent(before: CpuTimes, after: CpuTimes, each: number): string {
  return [...after]
    .map(([label, ms]) => [label, (ms - (before.get(label) ?? 0)) / each] as const)
    .filter(([, ms]) => ms >= 0.1)
    .sort(([, a], [, b]) => b - a)
    .map(([label, ms]) => `${label} ${ms.toFixed(1)}`)
    .join(', ');
}
