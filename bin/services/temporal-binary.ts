/** Finding, downloading or building the `temporal` command. */
import { mkdirSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { findOnPath, isExecutable, runCommand } from './commands';
import { tsxArguments } from './node';
import { ServiceError } from './service';
import type { Context } from './service';

const GO_PACKAGE = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';
const BUILD_TIMEOUT_MS = 30 * 60_000;
const DOWNLOAD_HOST = 'https://temporal.download/';
const DOWNLOAD_HOST_TIMEOUT_MS = 5_000;
const DOWNLOAD_TIMEOUT_MS = 3 * 60_000;

export interface TemporalBinary {
  path: string;
  /** For people. */
  where: string;
}

export async function provideTemporalBinary(context: Context): Promise<TemporalBinary> {
  const folder = join(context.cacheDir, 'temporal');
  const found =
    (await findInstalled(context)) ??
    (await findCached(context, folder)) ??
    (await download(context, folder)) ??
    (await build(context, folder));
  if (found !== undefined) return found;
  throw new ServiceError(
    'Temporal was not found: install its command line tool (https://docs.temporal.io/cli), or Go to build it, or set TEMPORAL_ADDRESS.',
  );
}

async function findInstalled(context: Context): Promise<TemporalBinary | undefined> {
  const onPath = findOnPath('temporal', context.env);
  const candidates = [
    ...(onPath === undefined ? [] : [onPath]),
    ...(await goBinFolders(context)).map((folder) => join(folder, 'temporal')),
  ];
  for (const path of candidates)
    if (await isTemporal(context, path)) return { path, where: `the dev server of ${path}` };
  return undefined;
}

async function goBinFolders({ env, signal }: Context): Promise<string[]> {
  const ask = (name: string) => runCommand('go', ['env', name], { timeoutMs: 10_000, env, signal });
  const [bin, paths] = findOnPath('go', env) ? await Promise.all([ask('GOBIN'), ask('GOPATH')]) : [];
  return [
    bin?.stdout.trim() ?? '',
    ...(paths?.stdout.trim().split(delimiter) ?? []).filter(Boolean).map((path) => join(path, 'bin')),
    join(homedir(), 'go', 'bin'),
  ].filter(Boolean);
}

/** Other programs are called `temporal` too, and a download may have been cut off. */
async function isTemporal({ env, signal }: Context, path: string): Promise<boolean> {
  if (!isExecutable(path)) return false;
  const { ok, stdout } = await runCommand(path, ['--version'], { timeoutMs: 20_000, env, signal });
  return ok && /^temporal version .*Server/i.test(stdout);
}

async function findCached(context: Context, folder: string): Promise<TemporalBinary | undefined> {
  for (const name of listFolder(folder)) {
    const path = join(folder, name);
    if (await isTemporal(context, path)) return { path, where: `the dev server in the project's cache` };
  }
  return undefined;
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The SDK's own download, in a process of its own so that it can be bounded. */
async function download(context: Context, folder: string): Promise<TemporalBinary | undefined> {
  if (!(await isDownloadHostReachable(context))) return undefined;
  context.say('Temporal: downloading the dev server with the Temporal SDK, about 100 MB');
  mkdirSync(folder, { recursive: true });
  const script = join(__dirname, 'temporal-download.ts');
  const result = await runCommand(process.execPath, [...tsxArguments(), script, folder], {
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
    env: context.env,
    signal: context.signal,
    onElapsed: (elapsed) => context.say(`Temporal: still downloading, ${elapsed}`),
  });
  if (result.ok) return findCached(context, folder);
  context.say(`Temporal: the download failed (${result.lastLine})`);
  return undefined;
}

/** Says within seconds that there is no way there, which the SDK may not. It can't know of proxies, so those pass. */
async function isDownloadHostReachable({ env, signal }: Context): Promise<boolean> {
  if (env.HTTPS_PROXY ?? env.https_proxy) return true;
  try {
    await fetch(DOWNLOAD_HOST, {
      method: 'HEAD',
      signal: AbortSignal.any([signal, AbortSignal.timeout(DOWNLOAD_HOST_TIMEOUT_MS)]),
    });
    return true;
  } catch {
    return false;
  }
}

async function build(context: Context, folder: string): Promise<TemporalBinary | undefined> {
  const go = findOnPath('go', context.env);
  if (go === undefined || context.signal.aborted) return undefined;
  context.say(`Temporal: building the dev server with go install ${GO_PACKAGE}, once; this takes minutes`);
  mkdirSync(folder, { recursive: true });
  const result = await runCommand(go, ['install', GO_PACKAGE], {
    timeoutMs: BUILD_TIMEOUT_MS,
    env: { ...context.env, GOBIN: folder, GOFLAGS: '' },
    signal: context.signal,
    onElapsed: (elapsed) => context.say(`Temporal: still building, ${elapsed}`),
  });
  if (result.ok) return findCached(context, folder);
  throw new ServiceError(
    `Temporal could not be built with Go (${result.lastLine}): install its command line tool (https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS.`,
  );
}
