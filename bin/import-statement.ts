/**
 * `npx tsx bin/import-statement.ts <rail> <format> <file> [network]`: takes in a statement file of any size, whole or not
 * at all, and starts its reconciliation. Formats: camt.053, camt.054, card-csv, nacha-return. Reads `DATABASE_URL` and
 * `TEMPORAL_ADDRESS`. The same file twice changes nothing.
 */
import { createReadStream } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import { importStream } from '../activities/statement-import';
import { FILE_FORMATS, FILE_NETWORKS, FORMAT_RAILS } from '../domain/reconciliation/files';
import { RAILS } from '../domain/settlement';
import { createDb } from '../store/db';
import {
  CLEARING_TASK_QUEUE,
  type ReconciliationInput,
  type ReconciliationResult,
} from '../workflows/messages';
import { readConfig, type Config } from './config';
import { dataConverter } from './data-converter';
import { keySource } from './key-source';

const USAGE = `usage: import-statement <${RAILS.join('|')}> <${FILE_FORMATS.join('|')}> <file> [network]`;

async function main(args: readonly string[]): Promise<number> {
  const [railName, formatName, path, networkName] = args;
  const rail = RAILS.find((name) => name === railName);
  const format = FILE_FORMATS.find((name) => name === formatName);
  const network = networkName ?? (rail && FILE_NETWORKS[rail]);
  if (!rail || !format || !path || !network || !FORMAT_RAILS[format].includes(rail)) {
    process.stderr.write(`${USAGE}\n`);
    return 2;
  }
  const config = readConfig('setup');
  const db = createDb({
    url: config.DATABASE_URL,
    applicationName: 'aura-import',
    poolMax: 2,
    keys: keySource(config, 'AURA_DATA_KEYS'),
  });
  try {
    const source = () => createReadStream(path, { encoding: 'utf8' }) as AsyncIterable<string>;
    const file = await importStream(db, source, { rail, network, format, importedBy: 'operator' });
    if (file.outcome === 'refused') {
      const { line, field, reason } = file.problem;
      process.stderr.write(`refused, and nothing was stored: line ${line}, ${field}: ${reason}\n`);
      return 1;
    }
    process.stdout.write(
      `${file.lines} lines, ${file.again ? 'all known: the file was here before' : `${file.newLines} new`}\n`,
    );
    const { rail: name, asset } = file.run;
    const result = await reconcile(config, { rail: name, asset, lookbackMs: 0, fileSha256: file.sha256 });
    process.stdout.write(
      `${result.matched} matched, ${result.openBreaks} differences are open (run ${result.runId})\n`,
    );
    return 0;
  } finally {
    await db.destroy();
  }
}

async function reconcile(config: Config<'setup'>, input: ReconciliationInput): Promise<ReconciliationResult> {
  const connection = await Connection.connect({ address: config.TEMPORAL_ADDRESS });
  try {
    const client = new Client({
      connection,
      namespace: config.TEMPORAL_NAMESPACE,
      dataConverter: dataConverter(keySource(config, 'AURA_PAYLOAD_KEYS')),
    });
    return await client.workflow.execute<(given: ReconciliationInput) => Promise<ReconciliationResult>>(
      'reconciliation',
      {
        workflowId: `reconciliation-file-${input.fileSha256}`,
        taskQueue: CLEARING_TASK_QUEUE,
        args: [input],
        workflowIdConflictPolicy: 'USE_EXISTING',
      },
    );
  } finally {
    await connection.close();
  }
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
