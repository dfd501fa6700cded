/**
 * `npm run audit [-- --json] [--database-url postgres://…]`: tries the laws of the clearinghouse on a live database.
 * Status 0 where all hold, 1 where one does not or the database cannot be read. `--json` prints
 * `{"laws":[{"law","checked","violations"}],"ok"}` as its last line.
 */
import { parseArgs } from 'node:util';
import { SANDBOX_USDC, railTermsWith } from '../domain/rail-terms';
import { audit } from '../store/audit';
import { createDb } from '../store/db';
import { optionalKeySource } from './key-source';
import { auditJson, auditTable } from './demo/audit-table';

const say = (text: string) => void process.stdout.write(`${text}\n`);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { json: { type: 'boolean', default: false }, 'database-url': { type: 'string' } },
  });
  const url = values['database-url'] ?? process.env.DATABASE_URL;
  if (!url) {
    process.stderr.write('Set DATABASE_URL, or say --database-url: the database to audit, postgres://…\n');
    return 1;
  }
  // Makes the stablecoin known, with its peg.
  railTermsWith(process.env.AURA_USDC ?? SANDBOX_USDC);
  const db = createDb({
    url,
    applicationName: 'aura-audit',
    poolMax: 1,
    // Without them the networks' messages are not held to their signed hashes, and all else is.
    keys: optionalKeySource(process.env, 'AURA_DATA_KEYS'),
  });
  try {
    const report = await audit(db);
    say(auditTable(report));
    if (values.json) say(auditJson(report));
    return report.ok ? 0 : 1;
  } finally {
    await db.destroy();
  }
}

void main()
  .catch((error: unknown) => {
    process.stderr.write(
      `The audit could not be made: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    return 1;
  })
  .then((status) => process.exit(status));
