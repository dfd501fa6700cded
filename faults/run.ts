/** One run: the ground, the deals, the faults, the rest, and then the checker. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Platform } from '../bin/platform';
import { RAILS, type RailName } from '../domain/settlement';
import { railTermsWith, SANDBOX_USDC } from '../domain/rail-terms';
import type { FamilyName } from '../rails/sandbox';
import type { HttpOptions } from '../sdk';
import { createDb } from '../store/db';
import { check, type Report } from './checker';
import type { RailAddresses } from './checker/rails';
import { carryOut, type Carried } from './nemesis';
import { letEveningCome } from './evening';
import { prepareGround } from './platform';
import { scheduleOf, type Fault } from './schedule';
import { createCast } from './workload/cast';
import { openClientLog, type Logged } from './workload/log';
import { dealPlans } from './workload/plan';
import { openReceivers } from './workload/receivers';
import { startWorkload, type Workload } from './workload';

export interface RunOptions {
  seed: number;
  durationMs: number;
  dealsPerMinute: number;
  faultEveryMs: number;
  dataDir: string;
  cacheDir: string;
  /** All of them by default. */
  rails?: readonly RailName[];
  /** Goes on beyond its time until so many deals are made, for two minutes at most; none by default. */
  leastDeals?: number;
  /** More variables for the platform's processes, by which tests break the build. */
  env?: Readonly<Record<string, string>>;
  /** How long after the last fault every deal has to be at rest, milliseconds; a minute by default. */
  restWithinMs?: number;
  say: (line: string) => void;
}

export interface Outcome {
  made: number;
  /** Requests that came to no deal, by reason. */
  unmade: ReadonlyMap<string, number>;
  /** Logs and books of the run; the caller removes it. */
  dataDir: string;
  carried: readonly Carried[];
  /** From the last fault until every deal was at rest; undefined where some never were. */
  restMs: number | undefined;
  endedByThemselves: readonly string[];
  report: Report;
}

const SAY_EVERY_MS = 10_000;
const BUYERS_PER_RAIL = 3;
const REST_WITHIN_MS = 60_000;
/** Beyond the time that they have, so that what is late can be told from what is stuck. */
const GRACE_MS = 60_000;
const SETTLE_MS = 2_000;
const MORE_DEALS_WITHIN_MS = 120_000;

export async function runFaults(options: RunOptions): Promise<Outcome> {
  const { seed, durationMs, say, rails = RAILS } = options;
  const dataDir = join(options.dataDir, `run-${process.pid}-${Date.now()}`);
  mkdirSync(dataDir, { recursive: true });
  const ground = await prepareGround({
    dataDir,
    cacheDir: options.cacheDir,
    rails,
    env: options.env,
    onProgress: (line) => say(`  ${line}`),
  });
  const logPath = join(dataDir, 'clients.jsonl');
  const log = openClientLog(logPath);
  const receivers = await openReceivers(log);
  const shops = new AbortController();
  const db = createDb({ url: ground.databaseUrl, applicationName: 'faults', poolMax: 4, quiet: true });
  railTermsWith(SANDBOX_USDC);
  // Clients do what the SDK does; only their patience is longer than its default.
  const http: HttpOptions = {
    baseUrl: ground.clientUrl,
    attempts: 60,
    totalTimeMs: 240_000,
    timeoutMs: 15_000,
  };
  try {
    const { platform } = ground;
    say('  registering sellers and buyers');
    const cast = await createCast({
      platform,
      databaseUrl: ground.databaseUrl,
      http,
      log,
      receivers,
      buyersPerRail: BUYERS_PER_RAIL,
      signal: shops.signal,
    });
    const schedule = scheduleOf({ seed, durationMs, everyMs: options.faultEveryMs });
    const plans = dealPlans({ seed, durationMs, perMinute: options.dealsPerMinute, rails });
    say(`  ${plans.length} deals and ${schedule.length} faults within ${Math.round(durationMs / 1_000)} s`);
    const workload = startWorkload({ platform, http, db, cast, log, plans });
    const stage = {
      platform,
      servers: ground.servers,
      keeper: ground.keeper,
      proxies: ground.proxies,
      receivers,
      clocksDir: ground.clocksDir,
      apiUrl: platform.apiUrl,
      rush: (...given: Parameters<Workload['rush']>) => workload.rush(...given),
    };
    const progress = tellProgress(workload, schedule, say);
    const carried = await carryOut(stage, schedule, progress.hooks);
    await untilMade(workload, options.leastDeals ?? 0);
    const lastFaultAt = Date.now();
    // What is in the making has its time until then too.
    await workload.close();
    const restMs = await waitForRest(workload, lastFaultAt, options.restWithinMs ?? REST_WITHIN_MS, say);
    progress.stop();
    await workload.stop();
    await letEveningCome({ db, http, platform, temporal: ground.temporal });
    await sleep(SETTLE_MS);
    await log.close();
    const report = await check({
      databaseUrl: ground.databaseUrl,
      rails,
      at: addressesOf(platform),
      log: readLog(logPath),
    });
    return {
      made: workload.made,
      unmade: workload.unmade,
      dataDir,
      carried,
      restMs,
      endedByThemselves: ground.keeper.endedByThemselves,
      report,
    };
  } finally {
    shops.abort();
    await db.destroy();
    await ground.stop();
    await receivers.close();
  }
}

async function untilMade(workload: Workload, leastDeals: number): Promise<void> {
  const deadline = Date.now() + MORE_DEALS_WITHIN_MS;
  while (workload.made < leastDeals && Date.now() < deadline) await sleep(SETTLE_MS / 10);
}

async function waitForRest(
  workload: Workload,
  lastFaultAt: number,
  withinMs: number,
  say: (line: string) => void,
): Promise<number | undefined> {
  const late = await workload.untilRest(lastFaultAt + withinMs - Date.now());
  if (late.length === 0) return Date.now() - lastFaultAt;
  say(`  ${late.length} deals are not at rest ${Math.round(withinMs / 1_000)} s after the last fault`);
  for (const line of late.slice(0, 10)) say(`    ${line}`);
  const stuck = await workload.untilRest(Math.min(GRACE_MS, withinMs));
  return stuck.length > 0 ? undefined : Date.now() - lastFaultAt;
}

function addressesOf({ sandboxes }: Platform): RailAddresses {
  const urlOf = (family: FamilyName) => sandboxes.processes.get(family)?.url;
  return {
    instant: urlOf('instant'),
    card: urlOf('card'),
    ach: urlOf('ach'),
    chain: urlOf('chain'),
    wallets: { stablecoin: sandboxes.env.AURA_STABLECOIN_PAY_TO, x402: sandboxes.env.AURA_X402_PAY_TO },
  };
}

function readLog(path: string): Logged[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Logged);
}

function tellProgress(workload: Workload, schedule: readonly Fault[], say: (line: string) => void) {
  const startedAt = Date.now();
  const under = new Map<number, Fault>();
  let over = 0;
  const timer = setInterval(() => {
    const now = [...under.values()].map(({ kind, target }) => `${kind} ${target}`).join(', ');
    const seconds = Math.round((Date.now() - startedAt) / 1_000);
    say(
      `  ${seconds} s: ${workload.made} deals, ${workload.restless().length} under way, ${over} of ${schedule.length} faults over${now && `; now ${now}`}`,
    );
  }, SAY_EVERY_MS);
  return {
    hooks: {
      onBegin: (fault: Fault) => void under.set(fault.number, fault),
      onEnd: ({ fault, problem }: Carried) => {
        under.delete(fault.number);
        over += 1;
        if (problem !== undefined) say(`  ${fault.kind} ${fault.target}: ${problem}`);
      },
    },
    stop: () => clearInterval(timer),
  };
}
