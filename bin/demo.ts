/** `npm run demo`: gets what it needs and clears a real deal, over any rail, or tells what happens when one goes wrong. */
import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { RAILS, type RailName } from '../domain/settlement';
import { createDb } from '../store/db';
import { checkLedger } from '../store/ledger';
import { runCrowd } from './demo/crowd';
import { MIXED_ENV, runMixed } from './demo/mixed';
import { heading, strong, type Say } from './demo/print';
import { SCENARIOS } from './demo/scenarios';
import type { Figures } from './demo/scenarios/scenario';
import { DEFAULT_INTENT, setStage } from './demo/stage';
import { tellStory } from './demo/story';
import { startEnvironment, type Environment, type EnvironmentOptions } from './environment';
import { bringUpServices, DEFAULT_DATA_DIR, ServiceError, type Services } from './services';

const DATA_DIR = join(DEFAULT_DATA_DIR, 'demo');
const MAX_DEALS = 10_000;
/** Nobody waits for an hourly inquiry at a sandbox. */
const QUICK = { AURA_INQUIRY_LAST_MS: '500', AURA_NOTICES_EVERY_MS: '1000' };

interface Options {
  intent: string;
  deals: number;
  rail: RailName;
  scenario: string | undefined;
  mixed: boolean;
  misbehavePercent: number;
  seed: number;
  json: boolean;
}

interface Outcome {
  /** Whether it came to what it should. */
  fine: boolean;
  told: string;
  figures: Figures;
}

async function main(): Promise<void> {
  const options = readArguments();
  const say: Say = (text = '') => void process.stdout.write(`${text}\n`);
  heading(say, 'Services');
  const services = await bringUpServices({
    dataDir: DATA_DIR,
    cacheDir: join(DEFAULT_DATA_DIR, 'cache'),
    onProgress: (line) => say(`  ${line}`),
  });
  let environment: Environment | undefined;
  try {
    environment = await startEnvironment({
      services,
      dataDir: DATA_DIR,
      label: 'demo',
      onProgress: (line) => say(`  ${line}`),
      ...platformFor(options),
    });
    const started = Date.now();
    const outcome = await run(options, environment, services, say);
    const elapsedMs = Date.now() - started;
    const ledger = await ledgerOf(environment.databaseUrl);
    const fine = outcome.fine && ledger.balanced;
    heading(say, fine ? 'Done' : 'Not as it should be');
    const books = `${ledger.entries} ledger entries, ${ledger.balanced ? 'balanced' : 'NOT balanced'}`;
    say(`  ${outcome.told} in ${(elapsedMs / 1_000).toFixed(1)} s; ${books}`);
    if (options.json) say(JSON.stringify({ ...outcome.figures, ledger, elapsedMs }));
    process.exitCode = fine ? 0 : 1;
  } finally {
    await environment?.stop();
    await services.stop();
  }
}

function platformFor(options: Options): Pick<EnvironmentOptions, 'rails' | 'env'> {
  const scenario = options.scenario === undefined ? undefined : SCENARIOS[options.scenario];
  if (scenario) return { rails: scenario.rails, env: { ...QUICK, ...scenario.env } };
  if (options.mixed) return { rails: RAILS, env: MIXED_ENV };
  if (options.deals > 1) return {};
  // Whoever is paid by card is paid out to a bank account.
  return { rails: [...new Set<RailName>([options.rail, 'rtp', 'fednow'])], env: QUICK };
}

async function run(
  options: Options,
  environment: Environment,
  services: Services,
  say: Say,
): Promise<Outcome> {
  const { intent, deals, rail, scenario } = options;
  if (scenario !== undefined) return tellScenario(scenario, environment, say);
  if (options.mixed) {
    const { deals: count, misbehavePercent, seed } = { ...options };
    return runMixed({ environment, deals: count, misbehavePercent, seed, say });
  }
  const result =
    deals === 1
      ? await tellStory({ environment, intent, rail, say, uiUrl: services.temporal.uiUrl })
      : await runCrowd({ environment, intent, deals, say });
  return {
    fine: result.completed === deals && result.breaks === 0,
    told: `${deals} deal${deals === 1 ? '' : 's'}, ${result.cleared} cleared, ${result.completed} completed, ${result.breaks} breaks`,
    figures: { deals, ...(deals === 1 && { rail }), ...result },
  };
}

async function tellScenario(name: string, environment: Environment, say: Say): Promise<Outcome> {
  const scenario = SCENARIOS[name];
  if (!scenario) throw new ServiceError(`There is no scenario ${name}.`);
  heading(say, strong(scenario.title));
  const stage = await setStage({ environment, rails: scenario.pays, say });
  try {
    const figures = await scenario.tell(stage);
    return { fine: true, told: scenario.title, figures: { scenario: name, ...figures } };
  } finally {
    stage.close();
  }
}

async function ledgerOf(url: string) {
  const db = createDb({ url, applicationName: 'aura-demo', poolMax: 1 });
  try {
    return await checkLedger(db);
  } finally {
    await db.destroy();
  }
}

function readArguments(): Options {
  const { values, positionals } = parseArgs({
    options: {
      deals: { type: 'string', default: '1' },
      rail: { type: 'string', default: 'rtp' },
      scenario: { type: 'string' },
      mixed: { type: 'boolean', default: false },
      misbehave: { type: 'string', default: '5' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const rail = RAILS.find((name) => name === values.rail);
  if (!rail) throw new ServiceError(`--rail is one of ${RAILS.join(', ')}, not "${values.rail}".`);
  const { scenario } = values;
  if (scenario !== undefined && !Object.hasOwn(SCENARIOS, scenario)) {
    throw new ServiceError(`--scenario is one of ${Object.keys(SCENARIOS).join(', ')}, not "${scenario}".`);
  }
  return {
    intent: positionals.join(' ') || DEFAULT_INTENT,
    deals: wholeNumber('deals', values.deals, 1, MAX_DEALS),
    rail,
    scenario,
    mixed: values.mixed,
    misbehavePercent: wholeNumber('misbehave', values.misbehave, 0, 100),
    seed: wholeNumber('seed', values.seed, 0, 2 ** 31),
    json: values.json,
  };
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new ServiceError(`--${name} is a whole number from ${min} to ${max}, not "${text}".`);
}

main()
  .catch((error: unknown) => {
    const expected = error instanceof Error && ['ServiceError', 'AuraApiError'].includes(error.name);
    process.stderr.write(
      `${expected ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
    );
    process.exitCode = 1;
  })
  .finally(() => process.exit());
