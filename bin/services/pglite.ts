/** The embedded Postgres: PGlite behind its socket server, in a process of its own. It serialises transactions. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { tsxArguments } from './node';
import { LOOPBACK } from './ports';
import { checkDatabase, checkPgvector, fromRecord } from './postgres-client';
import type { Registry } from './registry';
import { ServiceError, messageOf } from './service';
import type { Context, PostgresService } from './service';
import { launch, reuse } from './supervised';

/** Making a new database takes PGlite some seconds. */
const START_TIMEOUT_MS = 90_000;

export async function bringUpPglite(context: Context, registry: Registry): Promise<PostgresService> {
  const running = await reuse(context, registry, 'postgres:pglite', checkDatabase);
  if (running !== undefined) return fromRecord(running, 'pglite', false);
  context.say('Postgres: using the embedded PGlite, which runs one transaction at a time');
  const folder = join(context.dataDir, 'pglite');
  mkdirSync(folder, { recursive: true });
  const record = await launch(context, registry, {
    name: 'postgres',
    key: 'postgres:pglite',
    origin: `PGlite, embedded, with its data in ${folder}`,
    portCount: 1,
    timeoutMs: START_TIMEOUT_MS,
    plan: ([port]) => ({
      url: `postgres://postgres@${LOOPBACK}:${port}/aura`,
      spec: {
        command: process.execPath,
        args: [...tsxArguments(), join(__dirname, 'pglite-server.ts'), folder, String(port)],
        stopSignal: 'SIGTERM',
      },
    }),
    check: checkDatabase,
  });
  try {
    await checkPgvector(record.url);
  } catch (error) {
    throw new ServiceError(
      `PGlite can't load pgvector (${messageOf(error)}): run npm ci, or set DATABASE_URL.`,
    );
  }
  return fromRecord(record, 'pglite', true);
}
