/** A private cluster: our own data folder, a free port on loopback, a password of its own. */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, processToken } from '../lock.mjs';
import { runCommand } from './commands';
import { LOOPBACK } from './ports';
import { checkPgvector, withClient } from './postgres-client';
import type { PostgresBinaries } from './postgres-binaries';
import type { PostgresHome } from './postgres-home';
import type { Registry, ServiceRecord } from './registry';
import { ServiceError, messageOf } from './service';
import type { Context } from './service';
import { launch, type Launch } from './supervised';

const INITDB_TIMEOUT_MS = 60_000;
const START_TIMEOUT_MS = 60_000;
const ORPHAN_STOP_TIMEOUT_MS = 15_000;
const USER = 'aura';
const DATABASE = 'aura';
const SETTINGS = {
  listen_addresses: LOOPBACK,
  // Over TCP only: the path of a socket has a length limit that a deep data folder would break.
  unix_socket_directories: '',
  max_connections: 300,
  shared_buffers: '128MB',
};

export async function bringUpCluster(
  context: Context,
  registry: Registry,
  home: PostgresHome,
  binaries: PostgresBinaries,
): Promise<ServiceRecord> {
  const record = await launch(context, registry, await planCluster(context, home, binaries));
  await prepareDatabase(record);
  return record;
}

/** How the cluster is started; its data is there, and nobody has it open. */
export async function planCluster(
  context: Context,
  home: PostgresHome,
  binaries: PostgresBinaries,
): Promise<Launch> {
  // A cluster can only be opened by the major version that made it.
  const folder = join(home.folder, `cluster-${binaries.major}`);
  const data = join(folder, 'data');
  if (!existsSync(folder)) await createCluster(context, home, binaries, folder);
  await stopOrphan(data);
  const password = readFileSync(join(folder, 'password'), 'utf8');
  return {
    name: 'postgres',
    key: 'postgres:server',
    origin: `a private cluster in ${folder}, with ${binaries.where}`,
    portCount: 1,
    timeoutMs: START_TIMEOUT_MS,
    plan: ([port]) => ({
      url: `postgres://${USER}:${password}@${LOOPBACK}:${port}/${DATABASE}`,
      spec: {
        command: join(binaries.bin, 'postgres'),
        args: ['-D', data, ...Object.entries({ ...SETTINGS, port }).flatMap(toArgument)],
        // So that its messages are in English whatever the locale; nothing else of ours is its business.
        env: { PATH: context.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
        cwd: folder,
        ...home.user,
        // "Fast": ends sessions and writes a checkpoint.
        stopSignal: 'SIGINT',
      },
    }),
    check: async ({ url }) => {
      await withClient(maintenanceUrl(url), (client) => client.query('select 1'));
    },
  };
}

function toArgument([name, value]: [string, string | number | undefined]): string[] {
  return ['-c', `${name}=${value}`];
}

function maintenanceUrl(url: string): string {
  return url.replace(/\/[^/]*$/, '/postgres');
}

/** Made under another name first, so that a cluster with the right name is a whole one. */
async function createCluster(
  context: Context,
  { user }: PostgresHome,
  { bin }: PostgresBinaries,
  folder: string,
): Promise<void> {
  context.say(`Postgres: creating a private cluster in ${folder}`);
  const draft = `${folder}.new`;
  const passwordFile = join(draft, 'password');
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700, recursive: true });
  chmodSync(draft, 0o700);
  writeFileSync(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 });
  if (user.uid !== undefined && user.gid !== undefined)
    for (const path of [passwordFile, draft]) chownSync(path, user.uid, user.gid);
  const args = ['-D', join(draft, 'data'), '-U', USER, '--pwfile', passwordFile, '--auth', 'scram-sha-256'];
  const result = await runCommand(join(bin, 'initdb'), [...args, '--encoding', 'UTF8', '--locale', 'C'], {
    timeoutMs: INITDB_TIMEOUT_MS,
    env: { PATH: context.env.PATH, LC_ALL: 'C' },
    signal: context.signal,
    cwd: draft,
    ...user,
  });
  if (!result.ok)
    throw new ServiceError(
      `A Postgres cluster could not be made in ${folder} (${result.lastLine}): set DATABASE_URL, or AURA_POSTGRES=pglite for the embedded one.`,
    );
  renameSync(draft, folder);
}

/** A server whose supervisor was killed with -9 goes on; a second one can't open its data. */
async function stopOrphan(data: string): Promise<void> {
  const pid = readPostmasterPid(data);
  if (pid === undefined) return;
  const token = processToken(pid);
  if (!isAlive(token) || !(await commandLineOf(pid)).includes(data)) return;
  process.kill(pid, 'SIGINT');
  const deadline = Date.now() + ORPHAN_STOP_TIMEOUT_MS;
  while (isAlive(token) && Date.now() < deadline) await sleep(50);
}

function readPostmasterPid(data: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(data, 'postmaster.pid'), 'utf8'), 10);
    return Number.isNaN(pid) ? undefined : pid;
  } catch {
    return undefined;
  }
}

async function commandLineOf(pid: number): Promise<string> {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return (await runCommand('ps', ['-p', String(pid), '-o', 'args='], { timeoutMs: 5_000 })).stdout;
  }
}

export async function prepareDatabase({ url }: Pick<ServiceRecord, 'url'>): Promise<void> {
  try {
    await withClient(maintenanceUrl(url), async (client) => {
      const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
      if (rowCount === 0) await client.query(`create database ${DATABASE}`);
    });
    await checkPgvector(url);
  } catch (error) {
    throw new ServiceError(
      `The private Postgres cluster can't be used (${messageOf(error)}): set DATABASE_URL, or AURA_POSTGRES=pglite for the embedded one.`,
    );
  }
}
