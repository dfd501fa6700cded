/** Schemathesis, which tests an API by its OpenAPI document: fetched with pip into the cache, and run. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { findOnPath, runCommand } from '../services/commands';

const PACKAGE = 'schemathesis==4.32.5';
const INSTALL_MS = 5 * 60_000;
/** What an answer has to keep whatever was asked. */
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
  'response_headers_conformance',
];

export interface FuzzRun {
  url: string;
  seed: number;
  seconds: number;
}

/** The command, fetched once; a sentence where it cannot be had. */
export async function findSchemathesis(
  cacheDir: string,
  say: (line: string) => void,
): Promise<string | { problem: string }> {
  const folder = resolve(cacheDir, PACKAGE.replace('==', '-'));
  const command = join(folder, 'bin', 'schemathesis');
  if (existsSync(command)) return command;
  const python = ['python3', 'python'].find((name) => findOnPath(name, process.env) !== undefined);
  if (python === undefined) return { problem: 'there is no Python here' };
  say(`Schemathesis: fetching ${PACKAGE} with pip, once, 95 MB`);
  const env = { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: '1' };
  const steps: [string, string[]][] = [
    [python, ['-m', 'venv', folder]],
    [join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--retries', '1', PACKAGE]],
  ];
  for (const [program, args] of steps) {
    const { ok, lastLine } = await runCommand(program, args, { timeoutMs: INSTALL_MS, env });
    if (ok) continue;
    rmSync(folder, { recursive: true, force: true });
    return { problem: lastLine };
  }
  return command;
}

/** Of a short run, half goes to the edges of each schema and half to sequences along the links. */
const PHASES = ['coverage', 'stateful'];
/** A longer one also makes up inputs at random, which is slow with schemas as large as these. */
const LONG_SECONDS = 180;
/** It reads statements of rails that do not run here, and would wait for them. */
const LEFT_OUT = '/v1/reconciliation/runs';

/** What a phase found, of the report that Schemathesis writes (`--report-json-path`). */
interface Found {
  failures: { title: string; count: number }[];
  errors: { title: string; count: number }[];
}

/** How Schemathesis calls an exception of its own, such as Hypothesis's `FlakyFailure` while it makes up a case. */
const OF_ITS_OWN = 'Runtime Error';

export interface FuzzOutcome {
  /** Whether every answer kept what the document says. */
  kept: boolean;
  /** So many routes or sequences Schemathesis gave up by an exception of its own: they were tried in part. */
  givenUp: number;
}

export async function runSchemathesis(command: string, options: FuzzRun): Promise<FuzzOutcome> {
  const phases = options.seconds < LONG_SECONDS ? PHASES : [...PHASES, 'fuzzing'];
  const outcome: FuzzOutcome = { kept: true, givenUp: 0 };
  for (const phase of phases) {
    const found = await runPhase(command, phase, {
      ...options,
      seconds: Math.ceil(options.seconds / phases.length),
    });
    const ofItsOwn = found?.errors.filter(({ title }) => title === OF_ITS_OWN) ?? [];
    outcome.givenUp += ofItsOwn.reduce((sum, { count }) => sum + count, 0);
    outcome.kept &&=
      found !== undefined && found.failures.length === 0 && found.errors.length === ofItsOwn.length;
  }
  return outcome;
}

/** Undefined where it came to no report. */
async function runPhase(
  command: string,
  phase: string,
  { url, seed, seconds }: FuzzRun,
): Promise<Found | undefined> {
  const folder = dirname(dirname(command));
  const report = join(folder, `report-${process.pid}-${phase}.json`);
  const args = [
    ...['run', `${url}/openapi.json`, '--url', url, '--exclude-path', LEFT_OUT],
    ...['--checks', CHECKS.join(','), '--phases', phase, '--max-time', String(seconds)],
    ...['--max-examples', '50', '--workers', '1', '--seed', String(seed), '--request-timeout', '30'],
    ...['--suppress-health-check', 'all', '--warnings', 'off', '--no-color', '--continue-on-failure'],
    ...['--report-json-path', report],
  ];
  // It keeps notes where it runs.
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 2, 2] });
  await once(child, 'exit');
  if (!existsSync(report)) return undefined;
  const found = JSON.parse(readFileSync(report, 'utf8')) as Found & { complete: boolean };
  rmSync(report);
  return found.complete ? found : undefined;
}
