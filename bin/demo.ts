/** `npm run demo`: gets what it needs and clears a real deal. */
import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { createDb } from '../store/db';
import { checkLedger } from '../store/ledger';
import { runCrowd } from './demo/crowd';
import { heading, type Say } from './demo/print';
import { DEFAULT_INTENT, tellStory } from './demo/story';
import { startEnvironment, type Environment } from './environment';
import { bringUpServices, DEFAULT_DATA_DIR, ServiceError } from './services';

const DATA_DIR = join(DEFAULT_DATA_DIR, 'demo');
const MAX_DEALS = 10_000;

interface Options {
  intent: string;
  deals: number;
  json: boolean;
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
    });
    const started = Date.now();
    const { intent, deals } = options;
    const result =
      deals === 1
        ? await tellStory({ environment, intent, say, uiUrl: services.temporal.uiUrl })
        : await runCrowd({ environment, intent, deals, say });
    const elapsedMs = Date.now() - started;
    const ledger = await ledgerOf(environment.databaseUrl);
    const fine = result.completed === deals && ledger.balanced && result.breaks === 0;
    heading(say, fine ? 'Done' : 'Not as it should be');
    say(
      `  ${deals} deal${deals === 1 ? '' : 's'}, ${result.cleared} cleared, ${result.completed} completed in ${(elapsedMs / 1_000).toFixed(1)} s; ${ledger.entries} ledger entries, ${ledger.balanced ? 'balanced' : 'NOT balanced'}; ${result.breaks} breaks`,
    );
    if (options.json)
      say(
        JSON.stringify({ deals, ...result, ledger, elapsedMs }, [
          'deals',
          'cleared',
          'completed',
          'ledger',
          'entries',
          'balanced',
          'breaks',
          'elapsedMs',
        ]),
      );
    process.exitCode = fine ? 0 : 1;
  } finally {
    await environment?.stop();
    await services.stop();
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
    options: { deals: { type: 'string', default: '1' }, json: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const deals = Number(values.deals);
  if (!Number.isInteger(deals) || deals < 1 || deals > MAX_DEALS) {
    throw new ServiceError(`--deals is a whole number from 1 to ${MAX_DEALS}, not "${values.deals}".`);
  }
  return { intent: positionals.join(' ') || DEFAULT_INTENT, deals, json: values.json };
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
