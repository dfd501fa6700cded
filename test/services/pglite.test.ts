/** The embedded database under the real schema and many clients at once. */
import { Pool } from 'pg';
import { bringUpServices } from '../../bin/services';
import { newId } from '../../domain/ids';
import { capitalContributed, sandboxGrant } from '../../domain/ledger/postings';
import { createDb, inTransaction, migrate } from '../../store/db';
import { checkLedger, postEntries } from '../../store/ledger';
import { bareEnv, withTempFolder } from './support';

const { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, REDIS_URL } = process.env;

describe('PGlite', () => {
  test('keeps the queries of many clients apart, and the books of many writers whole', () =>
    withTempFolder(async (dataDir) => {
      const env = bareEnv({ TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, REDIS_URL });
      const services = await bringUpServices({ dataDir, env, postgres: 'pglite' });
      const { url } = services.postgres;
      const pool = new Pool({ connectionString: url, max: 10 });
      const db = createDb({ url, applicationName: 'test', poolMax: 10 });
      try {
        // Queries with different numbers of parameters, so that a mixed-up statement cannot go unnoticed.
        const answers = await Promise.all(
          Array.from({ length: 200 }, async (_unused, index) => {
            const given = Array.from({ length: (index % 5) + 1 }, (_none, at) => index + at);
            const sum = given.map((_value, at) => `$${at + 1}::int`).join(' + ');
            const { rows } = await pool.query<{ sum: number }>(`SELECT ${sum} AS sum`, given);
            return rows[0]?.sum === given.reduce((total, value) => total + value, 0);
          }),
        );
        expect(answers.every(Boolean)).toBe(true);

        await migrate(db);
        const amountMinor = 1_000n;
        await inTransaction(db, (trx) =>
          postEntries(trx, [capitalContributed({ rail: 'rtp', asset: 'USD', amountMinor: 50_000n })]),
        );
        await Promise.all(
          Array.from({ length: 30 }, () =>
            inTransaction(db, (trx) =>
              postEntries(trx, [
                sandboxGrant({ principalId: newId('principal'), asset: 'USD', amountMinor }),
              ]),
            ),
          ),
        );
        expect(await checkLedger(db)).toEqual({ entries: 31, balanced: true });
      } finally {
        await pool.end();
        await db.destroy();
        await services.stop();
      }
    }));
});
