/** Schemathesis, which tests an API by its OpenAPI document: fetched with pip into the cache, and run. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
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

/** True where every answer kept what the document says. */
export async function runSchemathesis(command: string, { url, seed, seconds }: FuzzRun): Promise<boolean> {
  const phases = seconds < LONG_SECONDS ? PHASES : [...PHASES, 'fuzzing'];
  let kept = true;
  for (const phase of phases) {
    const args = [
      ...['run', `${url}/openapi.json`, '--url', url, '--exclude-path', LEFT_OUT],
      ...[
        '--checks',
        CHECKS.join(','),
        '--phases',
        phase,
        '--max-time',
        String(Math.ceil(seconds / phases.length)),
      ],
      ...['--max-examples', '50', '--workers', '2', '--seed', String(seed), '--request-timeout', '30'],
      ...['--suppress-health-check', 'all', '--warnings', 'off', '--no-color', '--continue-on-failure'],
    ];
    // It keeps notes where it runs.
    const child = spawn(command, args, { cwd: dirname(dirname(command)), stdio: ['ignore', 2, 2] });
    const [code] = (await once(child, 'exit')) as [number | null];
    kept &&= code === 0;
  }
  return kept;
}
