/**
 * Many deals over every rail while every network misbehaves: some cancelled, refunded, disputed. In the end every deal
 * must stand where it may stay, and every law of the books must hold.
 */
import type { RailName } from '../../domain/settlement';
import { SANDBOX_USDC, railTermsWith } from '../../domain/rail-terms';
import { keyPairFrom, Operator, type HttpOptions } from '../../sdk';
import { audit } from '../../store/audit';
import { createDb, rows, type Db } from '../../store/db';
import type { Environment } from '../environment';
import { auditTable } from './audit-table';
import { createIssuers, createMerchants, openShops } from './cast';
import { liftListings, misbehave } from './mischief';
import { createCaretaker, type Caretaker } from './mixed/caretaker';
import { makeDeal, tend, type Cast, type MixedDeal } from './mixed/deals';
import { plansFor, type Plan } from './mixed/plan';
import { showOutcomes } from './mixed/outcomes';
import { standings, unrestOf, type Standing } from './mixed/standing';
import { dim, heading, type Say } from './print';
import type { Figures } from './scenarios/scenario';

/**
 * Nobody waits for hours at a sandbox: what was never executed is proved so within a minute, a day of the profiles'
 * windows is half a minute, and a rail that does not answer is given up after seconds.
 */
export const MIXED_ENV: Readonly<Record<string, string>> = {
  AURA_INQUIRY_LAST_MS: '500',
  AURA_NOTICES_EVERY_MS: '1000',
  AURA_INSTRUCTION_TTL_MS: '25000',
  AURA_RAIL_MAX_DELAY_MS: '10000',
  AURA_DAY_MS: '30000',
  RAIL_TIMEOUT_MS: '4000',
  RAIL_BREAKER_OPEN_MS: '3000',
  // Rails that fail are what it is about.
  AURA_LOG_LEVEL: 'silent',
};

export interface MixedOptions {
  environment: Environment;
  deals: number;
  /** About so many of a hundred messages are hit by something. */
  misbehavePercent: number;
  seed: number;
  say: Say;
  /** How long the deals may take to come to rest once all are made, milliseconds. */
  restWithinMs?: number;
}

export interface MixedOutcome {
  fine: boolean;
  told: string;
  figures: Figures;
}

const INTENT = 'I need wireless headphones for my train commute, noise cancelling, at most 400 dollars';
const AT_ONCE = 12;
const LOOK_EVERY_MS = 1_000;
const REST_WITHIN_MS = 480_000;
const SAY_EVERY_MS = 5_000;

interface Run extends MixedOptions {
  db: Db;
  cast: Cast;
  caretaker: Caretaker;
  made: MixedDeal[];
  /** Plans that came to no deal, with the reason. */
  unmade: { plan: Plan; why: string }[];
}

export async function runMixed(options: MixedOptions): Promise<MixedOutcome> {
  const { environment, deals, misbehavePercent, seed, say } = options;
  const { platform } = environment;
  const shops = new AbortController();
  const db = createDb({ url: environment.databaseUrl, applicationName: 'aura-demo', poolMax: 4 });
  railTermsWith(SANDBOX_USDC);
  try {
    const http: HttpOptions = { baseUrl: platform.apiUrl, attempts: 8 };
    const issuers = await createIssuers(environment.databaseUrl);
    const merchants = await createMerchants(platform, http, issuers);
    openShops(merchants, shops.signal, () => undefined);
    const rules = await misbehave(platform, { percent: misbehavePercent, seed });
    heading(say, `${deals} deals over ${platform.rails.join(', ')}`);
    say(
      dim(
        `  ${rules} ways of going wrong, which hit about ${misbehavePercent} of a hundred messages; seed ${seed}`,
      ),
    );
    const { agentId, secretKey } = platform.operator;
    const caretaker = createCaretaker(new Operator(http, agentId, keyPairFrom(secretKey)));
    const cast: Cast = { environment, http, issuers, merchants, intent: INTENT };
    const run: Run = { ...options, db, cast, caretaker, made: [], unmade: [] };
    const standing = await Promise.all([makeAll(run), tendUntilRest(run)]).then(([, at]) => at);
    return await conclude(run, standing);
  } finally {
    shops.abort();
    await db.destroy();
  }
}

async function makeAll(run: Run): Promise<void> {
  const plans = plansFor(run.deals, run.environment.platform.rails, run.seed);
  const worker = async () => {
    for (let plan = plans.shift(); plan; plan = plans.shift()) {
      try {
        run.made.push(await makeDeal(run.cast, plan));
      } catch (error) {
        run.unmade.push({ plan, why: error instanceof Error ? error.message : String(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, run.deals) }, worker));
}

const allMade = ({ made, unmade, deals }: Run) => made.length + unmade.length === deals;

/** Parties and operator do their part until every deal is at rest or the time is over. Answers where the deals stand then. */
async function tendUntilRest(run: Run): Promise<Standing[]> {
  const { restWithinMs = REST_WITHIN_MS, say, caretaker } = run;
  const { rails } = run.environment.platform;
  let deadline = Infinity;
  let saidAt = 0;
  let quiet = 0;
  for (let look = 0; ; look++) {
    const now = await standings(run.db);
    await tendAll(run, now);
    await liftListings(run.environment.platform);
    await attend(caretaker, rails, look);
    const restless = now.map(unrestOf).filter((why) => why !== undefined);
    if (Date.now() - saidAt >= SAY_EVERY_MS) {
      saidAt = Date.now();
      say(
        `  ${run.made.length + run.unmade.length} of ${run.deals} made, ${restless.length} under way${mostOf(restless)}`,
      );
    }
    if (allMade(run) && deadline === Infinity) deadline = Date.now() + restWithinMs;
    // Every rail has its turn once more before a rest counts.
    quiet = allMade(run) && restless.length === 0 ? quiet + 1 : 0;
    if (quiet > rails.length || Date.now() > deadline) return standings(run.db);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

async function tendAll({ made }: Run, now: readonly Standing[]): Promise<void> {
  const byId = new Map(now.map((standing) => [standing.id, standing]));
  const work = [...made];
  const worker = async () => {
    for (let deal = work.shift(); deal; deal = work.shift()) {
      const standing = byId.get(deal.transactionId);
      if (standing) await tend(deal, standing);
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
}

/** One rail a look, in turn. */
async function attend(caretaker: Caretaker, rails: readonly RailName[], look: number): Promise<void> {
  const rail = rails[look % rails.length];
  try {
    await caretaker.arbitrate();
    await caretaker.decide();
    if (!rail) return;
    await caretaker.reconcile(rail);
    // A break may explain itself with the next statement: by hand only every other round.
    if (Math.floor(look / rails.length) % 2 === 1) await caretaker.settleBreaks(rail);
  } catch {
    // The API may be busy; the next look comes.
  }
}

function mostOf(restless: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const why of restless) counts.set(why, (counts.get(why) ?? 0) + 1);
  const most = [...counts].toSorted((a, b) => b[1] - a[1]).slice(0, 3);
  return most.length === 0 ? '' : dim(` (${most.map(([why, count]) => `${count} ${why}`).join('; ')})`);
}

async function conclude(run: Run, standing: readonly Standing[]): Promise<MixedOutcome> {
  const { say, db, deals, caretaker, made, unmade } = run;
  const counts = await showOutcomes(say, db, standing);
  for (const { plan, why } of unmade.slice(0, 5))
    say(dim(`  no deal ${plan.number} over ${plan.rail}: ${why}`));
  const restless = standing.flatMap((one) => {
    const why = unrestOf(one);
    return why === undefined ? [] : [`${one.id} over ${one.rail}: ${why}`];
  });
  if (restless.length > 0) heading(say, 'Not at rest');
  for (const line of restless.slice(0, 20)) say(`  ${line}`);
  heading(say, 'The laws');
  const report = await audit(db);
  say(auditTable(report));
  const violations = report.laws.reduce((sum, law) => sum + law.violations, 0);
  const [{ executed = 0 } = {}] = await rows<{ executed: number }>(
    db,
    `SELECT count(*)::int AS executed FROM instructions WHERE status IN ('executed', 'reversed')`,
  );
  return {
    fine: report.ok && restless.length === 0 && made.length > 0,
    told: `${deals} deals (${unmade.length} not made), ${executed} payments executed, ${caretaker.decisions} decisions, ${restless.length} not at rest, ${violations} violations`,
    figures: {
      deals,
      made: made.length,
      unmade: unmade.length,
      executed,
      decisions: caretaker.decisions,
      restless: restless.length,
      violations,
      auditOk: report.ok,
      ...counts,
    },
  };
}
