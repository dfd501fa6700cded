/** The API alone on the database that `DATABASE_URL` names: what answers the growth bench's requests. */
import { parseKeyRing } from '../../domain/sealing';
import { createDb } from '../../store/db';
import { startApiServer } from '../../test/support/api-server';

async function main(): Promise<void> {
  const { DATABASE_URL: databaseUrl = '', AURA_DATA_KEYS: keyLine = '' } = process.env;
  const ring = parseKeyRing(keyLine);
  const keys = { read: () => ring };
  const db = createDb({ url: databaseUrl, applicationName: 'aura-growth', keys });
  const { url } = await startApiServer({
    db,
    deployment: 'sandbox',
    rateLimits: 'all=1000000000/60',
    config: { checkAnswers: false },
  });
  process.stdout.write(`${url}\n`);
  process.stdin.resume().once('end', () => process.exit());
}

void main();
