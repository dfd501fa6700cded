/** Takes in a statement file: whole, in one transaction and by the chunk, or not at all. */
import { createHash } from 'node:crypto';
import { newId } from '../domain/ids';
import type { RailName } from '../domain/settlement';
import {
  readStatementFile,
  StatementFileError,
  type FileFormat,
  type FileLine,
  type FileProblem,
} from '../rails/statements';
import { inTransaction, rows, type Db, type Trx } from '../store/db';
import {
  contentOf,
  dropFile,
  fileImported,
  findFile,
  instructionsByReference,
  openRun,
  receiveFile,
  recordStatement,
  type Run,
  type StatementFile,
} from '../store/reconciliation';
import { ingestLines } from '../store/statements';

export type ImportedFile =
  | { outcome: 'refused'; problem: FileProblem }
  /** `again`: it was taken in before, and nothing changed. */
  | { outcome: 'imported'; run: Run; lines: number; newLines: number; again: boolean };

const LINES_PER_WRITE = 1_000;

/** Reads a file that was received with its content. */
export async function importReceived(db: Db, sha256: string): Promise<ImportedFile> {
  const file = await findFile(db, sha256);
  // A file that was refused was dropped: a second reader of it has nothing to read.
  if (!file)
    return { outcome: 'refused', problem: { line: 0, field: 'file', reason: 'it was refused before' } };
  const content = await contentOf(db, sha256);
  const result = await importFile(db, file, () => [content ?? '']);
  if (result.outcome === 'refused') await dropFile(db, sha256);
  return result;
}

/** Takes in a file from a stream that may be read more than once: for its hash first. */
export async function importStream(
  db: Db,
  source: () => AsyncIterable<string> | Iterable<string>,
  about: { rail: RailName; network: string; format: FileFormat; importedBy: string },
): Promise<ImportedFile & { sha256: string }> {
  const hash = createHash('sha256');
  for await (const chunk of source()) hash.update(chunk);
  const sha256 = hash.digest('hex');
  const file = await receiveFile(db, { ...about, sha256, content: null });
  const result = await importFile(db, file, source);
  if (result.outcome === 'refused') await dropFile(db, sha256);
  return { ...result, sha256 };
}

async function importFile(
  db: Db,
  file: StatementFile,
  source: () => AsyncIterable<string> | Iterable<string>,
): Promise<ImportedFile> {
  try {
    return await inTransaction(db, async (trx) => {
      // One reader at a time; the next one finds it done.
      await trx.raw('SELECT 1 FROM statement_files WHERE sha256 = ? FOR UPDATE', [file.sha256]);
      const now = await findFile(trx, file.sha256);
      if (now?.importedAt) return await importedBefore(trx, now);
      return await readInto(trx, file, source());
    });
  } catch (error) {
    if (error instanceof StatementFileError) return { outcome: 'refused', problem: error.problem };
    throw error;
  }
}

async function importedBefore(trx: Trx, file: StatementFile): Promise<ImportedFile> {
  const [run] = await rows<{ asset: string }>(trx, 'SELECT asset FROM reconciliation_runs WHERE id = ?', [
    file.runId,
  ]);
  if (!file.runId || !file.from || !file.to || !run)
    throw new Error(`${file.sha256} was imported without a run`);
  return {
    outcome: 'imported',
    run: {
      id: file.runId,
      rail: file.rail,
      asset: run.asset,
      from: file.from.toISOString(),
      to: file.to.toISOString(),
      complete: file.complete ?? false,
    },
    lines: file.lines,
    newLines: file.newLines,
    again: true,
  };
}

async function readInto(
  trx: Trx,
  file: StatementFile,
  source: AsyncIterable<string> | Iterable<string>,
): Promise<ImportedFile> {
  const { rail, network } = file;
  const statement = readStatementFile(source, { rail, network, format: file.format as FileFormat });
  const runId = newId('reconciliation');
  await openRun(trx, { id: runId, rail, from: EPOCH, to: DOOMSDAY, asset: 'USD', complete: false });
  let batch: FileLine[] = [];
  let lines = 0;
  let [first, last, asset] = ['', '', ''];
  const flush = async () => {
    await ingestLines(trx, await withInstructions(trx, rail, batch), runId, file.sha256);
    lines += batch.length;
    batch = [];
  };
  for await (const line of statement.lines()) {
    asset ||= line.asset;
    if (line.asset !== asset)
      throw new StatementFileError({ line: 0, field: 'currency', reason: 'a file is of one currency' });
    if (first === '' || line.booked_at < first) first = line.booked_at;
    if (line.booked_at > last) last = line.booked_at;
    batch.push(line);
    if (batch.length >= LINES_PER_WRITE) await flush();
  }
  await flush();
  const summary = statement.summary();
  asset ||= summary.asset ?? 'USD';
  const from = summary.from ?? (first || new Date().toISOString());
  const to = summary.to ?? justAfter(last || from);
  // Only a statement that names its period and both balances is taken to have every line of it.
  const complete =
    summary.from !== undefined && summary.openingMinor !== undefined && summary.closingMinor !== undefined;
  await trx('reconciliation_runs')
    .where({ id: runId })
    .update({ period_from: from, period_to: to, asset, complete });
  await recordStatement(trx, runId, { ...summary, lines });
  await fileImported(trx, file.sha256, { complete, from, to, lines, runId });
  const imported = await findFile(trx, file.sha256);
  const run: Run = { id: runId, rail, asset, from, to, complete };
  return { outcome: 'imported', run, lines, newLines: imported?.newLines ?? 0, again: false };
}

const EPOCH = '1970-01-01T00:00:00Z';
const DOOMSDAY = '2970-01-01T00:00:00Z';

const justAfter = (instant: string) => new Date(Date.parse(instant) + 1).toISOString();

/** Returns that quote only the network's reference of what comes back get the instruction of it. */
async function withInstructions(trx: Trx, rail: RailName, lines: readonly FileLine[]) {
  const asked = lines.flatMap(({ original_reference }) => original_reference ?? []);
  const known =
    asked.length > 0 ? await instructionsByReference(trx, rail, asked) : new Map<string, string>();
  return lines.map(({ original_reference, ...line }) => ({
    ...line,
    instruction_id: line.instruction_id ?? known.get(original_reference ?? '') ?? null,
  }));
}
