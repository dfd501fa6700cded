/**
 * `npm run rewrap`: puts every data key of personal data under the newest key. It may be ended at any time and run again,
 * beside the running clearinghouse. When it says so, older keys can be taken away. Reads `DATABASE_URL` and the data keys.
 */
import { createDb } from '../store/db';
import { rewrapAll } from '../store/vault/rotation';
import { keySource } from './key-source';

async function main(): Promise<void> {
  const { DATABASE_URL: url } = process.env;
  if (!url) throw new Error('DATABASE_URL is not set');
  const keys = keySource(process.env, 'AURA_DATA_KEYS');
  const db = createDb({ url, applicationName: 'aura-rewrap', poolMax: 1, keys });
  try {
    const { newest, ids } = keys.read();
    const { rewrapped, under } = await rewrapAll(db);
    const old = ids.filter((id) => id !== newest.id);
    const unknown = Object.keys(under).filter((id) => id !== newest.id);
    process.stdout.write(`${rewrapped} data keys are now under ${newest.id}\n`);
    if (unknown.length > 0) throw new Error(`some are still under ${unknown.join(', ')}: run it again`);
    if (old.length > 0) process.stdout.write(`nothing is under ${old.join(', ')} any more\n`);
  } finally {
    await db.destroy();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
