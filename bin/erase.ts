/**
 * `npm run erase -- deal <txn_…>`, `-- principal <prn_…>` or `-- due`: erases the personal data of a deal, of a principal,
 * or all that is past its time. What is not over yet is left. Reads `DATABASE_URL` and, as the worker does,
 * `AURA_RETENTION_DAYS`.
 */
import { readRetention } from '../domain/retention';
import { createDb } from '../store/db';
import { applyRetention, eraseDeal, erasePrincipal } from '../store/vault/erasure';

async function main([what, id = '']: readonly string[]): Promise<number> {
  const { DATABASE_URL: url, AURA_RETENTION_DAYS: periods = '' } = process.env;
  if (!url || !['deal', 'principal', 'due'].includes(what ?? '')) {
    process.stderr.write('usage: DATABASE_URL=… erase deal <txn_…> | principal <prn_…> | due\n');
    return 2;
  }
  const retention = readRetention(periods);
  const db = createDb({ url, applicationName: 'aura-erase', poolMax: 1 });
  try {
    if (what === 'due') {
      process.stdout.write(`${JSON.stringify(await applyRetention(db, retention))}\n`);
      return 0;
    }
    const erase = what === 'deal' ? eraseDeal : erasePrincipal;
    const erased = await erase(db, id, { actor: 'operator' });
    process.stdout.write(`${JSON.stringify(erased)}\n`);
    return erased.outcome === 'erased' ? 0 : 1;
  } finally {
    await db.destroy();
  }
}

main(process.argv.slice(2)).then(
  (status) => (process.exitCode = status),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
