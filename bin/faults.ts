/** `npm run faults`: deals over all rails while everything is killed, cut off and misled, and then an independent check. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runFaults } from '../faults/run';
import { figuresOf, showOutcome } from '../faults/tables';
import { heading, type Say } from './demo/print';
import { DEFAULT_DATA_DIR, ServiceError } from './services';

const MAX_MINUTES = 24 * 60;
const MS_PER_MINUTE = 60_000;

interface Options {
  seed: number;
  minutes: number;
  dealsPerMinute: number;
  faultEverySeconds: number;
  json: boolean;
}

async function main(): Promise<void> {
  const options = readArguments();
  const { seed, minutes, json } = options;
  const say: Say = (text = '') => void process.stdout.write(`${text}\n`);
  heading(say, `Faults for ${minutes} minutes, seed ${seed}`);
  say(`  the same schedule again: npm run faults -- --seed ${seed} --minutes ${minutes}`);
  const outcome = await runFaults({
    seed,
    durationMs: minutes * MS_PER_MINUTE,
    dealsPerMinute: options.dealsPerMinute,
    faultEveryMs: options.faultEverySeconds * 1_000,
    dataDir: join(DEFAULT_DATA_DIR, 'faults'),
    cacheDir: join(DEFAULT_DATA_DIR, 'cache'),
    say,
  });
  const clean = showOutcome(say, outcome);
  // What a run that was not clean has left is to be looked at.
  if (clean) rmSync(outcome.dataDir, { recursive: true, force: true });
  else say(`  its logs and books are in ${outcome.dataDir}`);
  if (json) say(JSON.stringify(figuresOf(seed, outcome)));
  process.exitCode = clean ? 0 : 1;
}

function readArguments(): Options {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      minutes: { type: 'string', default: '2' },
      'deals-per-minute': { type: 'string', default: '80' },
      'fault-every': { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
    },
  });
  return {
    // A run that nobody chose the seed of is another one each time.
    seed: values.seed === undefined ? Date.now() % 2 ** 31 : number('seed', values.seed, 0, 2 ** 31, true),
    minutes: number('minutes', values.minutes, 0.1, MAX_MINUTES),
    dealsPerMinute: number('deals-per-minute', values['deals-per-minute'], 1, 6_000),
    faultEverySeconds: number('fault-every', values['fault-every'], 0.5, 3_600),
    json: values.json,
  };
}

function number(name: string, text: string, min: number, max: number, whole = false): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
  throw new ServiceError(
    `--${name} is a ${whole ? 'whole ' : ''}number from ${min} to ${max}, not "${text}".`,
  );
}

main()
  .catch((error: unknown) => {
    const expected = error instanceof ServiceError;
    process.stderr.write(
      `${expected ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
    );
    process.exitCode = 1;
  })
  .finally(() => process.exit());
