/** Starting a server under its supervisor, and stopping it. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, pidOf, processToken } from '../lock.mjs';
import { killGroup } from './commands';
import { freePorts } from './ports';
import { ServiceError, messageOf } from './service';
import type { Context, Service } from './service';
import type { Registry } from './registry';
import type { ServiceKey, ServiceRecord } from './registry';

const POLL_MS = 100;
/** A port can be taken between finding it free and using it. */
const ATTEMPTS = 2;
const GRACE_MS = 10_000;

export interface ServerSpec {
  command: string;
  args: string[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
  stopSignal: NodeJS.Signals;
}

export interface Launch {
  name: Service['name'] | 'toxiproxy';
  key: ServiceKey;
  origin: string;
  portCount: number;
  /** Where a server cannot have just any. */
  highestPort?: number;
  timeoutMs: number;
  /** Gets free ports, and gives the url, the program and whatever else its clients need. */
  plan: (ports: number[]) => { url: string; spec: ServerSpec; extra?: Record<string, string> };
  /** Resolves once the server answers and throws while it doesn't. */
  check: (record: Pick<ServiceRecord, 'url' | 'extra'>) => Promise<void>;
}

/** Starts a server, waits until it answers and notes it in the registry. The caller holds the registry's lock. */
export async function launch(context: Context, registry: Registry, options: Launch): Promise<ServiceRecord> {
  await registry.clearStale(options.key);
  throwIfInterrupted(context, options.name);
  let problem = '';
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { url, spec, extra = {} } = options.plan(await freePorts(options.portCount, options.highestPort));
    const log = join(context.dataDir, 'logs', `${options.name}.log`);
    const supervisor = startSupervisor(context, registry, spec, log);
    const record: ServiceRecord = {
      key: options.key,
      url,
      origin: options.origin,
      supervisor,
      users: [context.userToken],
      extra,
    };
    registry.add(record);
    const outcome = await waitUntilReady(context, options, record);
    if (outcome === 'ready') return record;
    await registry.clearStale(options.key);
    throwIfInterrupted(context, options.name);
    problem = `${outcome}: ${lastLogLine(log)} (all of it is in ${log})`;
    if (outcome !== 'it ended at once') break;
  }
  throw new ServiceError(`${options.origin} was found but did not come up, ${problem}`);
}

function throwIfInterrupted({ signal }: Context, name: Launch['name']): void {
  if (signal.aborted) throw new ServiceError(`Starting ${name} was interrupted.`);
}

type Outcome = 'ready' | 'it ended at once' | `it did not answer within ${number} s`;

async function waitUntilReady(context: Context, options: Launch, record: ServiceRecord): Promise<Outcome> {
  const deadline = Date.now() + options.timeoutMs;
  while (Date.now() < deadline && !context.signal.aborted) {
    if (!isAlive(record.supervisor)) return 'it ended at once';
    if (await answers(options.check, record)) return 'ready';
    await sleep(POLL_MS);
  }
  return `it did not answer within ${options.timeoutMs / 1000} s`;
}

async function answers(check: Launch['check'], record: ServiceRecord): Promise<boolean> {
  try {
    await check(record);
    return true;
  } catch {
    return false;
  }
}

/** Uses what another command of this project has running, if it is well. */
export async function reuse(
  context: Context,
  registry: Registry,
  key: ServiceKey,
  check: Launch['check'],
): Promise<ServiceRecord | undefined> {
  const record = registry.findLive(key);
  if (record === undefined) return undefined;
  try {
    await check(record);
  } catch (error) {
    context.say(`The ${key} that pid ${pidOf(record.supervisor)} runs does not answer: ${messageOf(error)}`);
    return undefined;
  }
  registry.join(key, context.userToken);
  return record;
}

/** Resolves when the supervisor and its server have ended; does nothing if they have already. */
export async function stopSupervisor(token: string): Promise<void> {
  if (!isAlive(token)) return;
  // The supervisor alone gets the signal: it knows how its server wants to be stopped.
  killOne(pidOf(token), 'SIGTERM');
  const deadline = Date.now() + GRACE_MS + 2_000;
  while (isAlive(token) && Date.now() < deadline) await sleep(20);
  if (isAlive(token)) killGroup(pidOf(token), 'SIGKILL');
}

function killOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended.
  }
}

function startSupervisor(context: Context, registry: Registry, spec: ServerSpec, log: string): string {
  mkdirSync(join(log, '..'), { recursive: true });
  const output = openSync(log, 'w', 0o600);
  const { userToken: owner } = context;
  const supervised = { ...spec, graceMs: GRACE_MS, registryFile: registry.file, owner };
  const child = spawn(
    process.execPath,
    [join(__dirname, 'supervisor.mjs'), JSON.stringify(supervised)],
    // NODE_OPTIONS of the command, such as a loader, are nothing to the supervisor.
    { detached: true, stdio: ['ignore', output, output], env: { ...context.env, NODE_OPTIONS: '' } },
  );
  closeSync(output);
  child.unref();
  if (child.pid === undefined) throw new ServiceError('Node could not start another process of itself.');
  return processToken(child.pid);
}

function lastLogLine(log: string): string {
  try {
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    return lines.findLast((line) => /error|fatal|could not/i.test(line))?.trim() ?? lines.at(-1) ?? '';
  } catch {
    return 'it wrote nothing';
  }
}
