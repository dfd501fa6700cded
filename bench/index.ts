/**
 * `npm run bench [-- --only NAME] [--figure NAME] [--rounds N] [--json]`: every figure as a ratio to a reference in the same run. The
 * results go to `bench/results/`, with the machine and the versions they were measured on.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { deals } from './deals';
import type { Bench, Figure } from './harness';
import { events } from './events';
import { growth } from './growth';
import { http } from './http';
import { ledger } from './ledger';
import { memory } from './memory';
import { rules } from './rules';
import { signature } from './signature';

const BENCHES: readonly Bench[] = [signature, rules, http, ledger, deals, growth, events, memory];
const ROUNDS = 5;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      figure: { type: 'string' },
      rounds: { type: 'string' },
      json: { type: 'boolean' },
      full: { type: 'boolean' },
      sizes: { type: 'string' },
    },
  });
  const chosen = BENCHES.filter(({ name }) => values.only === undefined || name === values.only);
  if (chosen.length === 0) {
    throw new Error(`there is no bench "${values.only}": ${BENCHES.map(({ name }) => name).join(', ')}`);
  }
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  const sizes = values.sizes?.split(',').map(Number);
  const wants = (figure: string) => values.figure === undefined || figure === values.figure;
  const context = { rounds: Number(values.rounds ?? ROUNDS), full: values.full, sizes, say, wants };
  const figures: Figure[] = [];
  for (const bench of chosen) {
    say(`${bench.title}…`);
    figures.push(...(await bench.run(context)));
  }
  process.stdout.write(`${tableOf(figures)}\n`);
  store(figures);
  if (values.json) process.stdout.write(`${JSON.stringify({ results: figures.map(machineReadable) })}\n`);
}

function tableOf(figures: readonly Figure[]): string {
  const table = new Table({
    head: ['what', 'value', 'against', 'ratio', 'of single rounds', 'reach', 'met'],
    style: { head: [], border: [] },
  });
  for (const { title, value, unit, reference, ratio, spread, reach, met } of figures) {
    table.push([
      title,
      `${show(value)} ${unit}`,
      reference ?? '–',
      ratio === null ? '–' : show(ratio),
      spread.map(show).join(' … '),
      reach === null ? '–' : 'atLeast' in reach ? `≥ ${reach.atLeast}` : `≤ ${reach.atMost}`,
      met === null ? '–' : met ? 'yes' : 'no',
    ]);
  }
  return table.toString();
}

/** What programs read. A reach is the number alone; without one nothing is met or missed. */
function machineReadable({ name, value, unit, ratio, reach, met }: Figure) {
  const bound = reach && ('atLeast' in reach ? reach.atLeast : reach.atMost);
  return { name, value, unit, ratio, reach: bound, met };
}

const show = (value: number) =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);

function store(figures: readonly Figure[]): void {
  const folder = join(__dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const [core] = cpus();
  const at = new Date().toISOString();
  const machine = { cpu: core?.model ?? 'unknown', cores: cpus().length, memoryBytes: totalmem() };
  const versions = { node: process.versions.node, commit: commit() };
  const file = join(folder, `${at.slice(0, 19).replaceAll(':', '')}.json`);
  writeFileSync(file, `${JSON.stringify({ at, machine, versions, results: figures }, null, 2)}\n`);
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
