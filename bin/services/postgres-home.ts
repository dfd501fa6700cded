/** Where the private cluster lives and as whom its server runs: Postgres refuses to run as root. */
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './commands';
import type { Context } from './service';

const TIMEOUT_MS = 5_000;

export interface ServerUser {
  /** Both undefined: whoever runs the command. */
  uid?: number;
  gid?: number;
}

export interface PostgresHome {
  folder: string;
  user: ServerUser;
}

/** Undefined, with a line that says so, where root has no other user to run a server as. */
export async function findHome(context: Context): Promise<PostgresHome | undefined> {
  const own = join(context.dataDir, 'postgres');
  if (process.getuid?.() !== 0) {
    mkdirSync(own, { recursive: true });
    return { folder: own, user: {} };
  }
  const user = await findNobody();
  if (user === undefined) {
    context.say('Postgres: its server may not run as root, and there is no user "nobody" to run it as');
    return undefined;
  }
  mkdirSync(own, { recursive: true });
  chmodSync(own, 0o711);
  if (await canReach(user, own)) return { folder: own, user };
  const folder = recall(context) ?? (await makeFolderElsewhere(context, user));
  return folder === undefined ? undefined : { folder, user };
}

async function findNobody(): Promise<Required<ServerUser> | undefined> {
  const ask = (flag: string) => runCommand('id', [flag, 'nobody'], { timeoutMs: TIMEOUT_MS });
  const [uid, gid] = (await Promise.all([ask('-u'), ask('-g')])).map(({ stdout }) => Number(stdout.trim()));
  if (!uid || !gid) return undefined;
  const user = { uid, gid };
  return (await canReach(user, '/')) ? user : undefined;
}

export async function canReach(user: ServerUser, folder: string): Promise<boolean> {
  const { ok } = await runCommand('/bin/sh', ['-c', 'cd "$0"', folder], {
    timeoutMs: TIMEOUT_MS,
    cwd: '/',
    ...user,
  });
  return ok;
}

function noteFile({ dataDir }: Context): string {
  return join(dataDir, 'postgres-home.json');
}

/** Anybody can make folders in a temporary folder, so what we remember has to be root's still. */
function recall(context: Context): string | undefined {
  try {
    const { folder } = JSON.parse(readFileSync(noteFile(context), 'utf8')) as { folder?: unknown };
    if (typeof folder !== 'string') return undefined;
    const stat = lstatSync(folder);
    return stat.isDirectory() && stat.uid === 0 ? folder : undefined;
  } catch {
    return undefined;
  }
}

async function makeFolderElsewhere(context: Context, user: ServerUser): Promise<string | undefined> {
  for (const parent of new Set([tmpdir(), '/var/tmp', '/tmp'])) {
    if (!(await canReach(user, parent))) continue;
    const folder = mkdtempSync(join(parent, 'aura-postgres-'));
    chmodSync(folder, 0o711);
    writeFileSync(noteFile(context), `${JSON.stringify({ folder })}\n`);
    context.say(
      `Postgres: the user nobody may not enter ${context.dataDir}, so its data is kept in ${folder}`,
    );
    return folder;
  }
  context.say(`Postgres: the user nobody may enter neither ${context.dataDir} nor a temporary folder`);
  return undefined;
}
