/** Statement files that were taken in, each once. */
import { dayOf } from '../../domain/personal-data';
import type { RailName } from '../../domain/settlement';
import { rows, type Queryable } from '../db';
import { openOne, seal } from '../vault';

export interface StatementFile {
  sha256: string;
  rail: RailName;
  network: string;
  format: string;
  importedBy: string;
  complete: boolean | null;
  from: Date | null;
  to: Date | null;
  lines: number;
  newLines: number;
  runId: string | null;
  importedAt: Date | null;
}

const COLUMNS = `sha256, rail, network, format, imported_by AS "importedBy", complete, period_from AS "from",
  period_to AS "to", lines, new_lines AS "newLines", run_id AS "runId", imported_at AS "importedAt"`;

/** Keeps a file until it is read. One that is there already stays as it is. */
export async function receiveFile(
  db: Queryable,
  file: Pick<StatementFile, 'sha256' | 'rail' | 'network' | 'format' | 'importedBy'> & {
    content: string | null;
  },
): Promise<StatementFile> {
  await db('statement_files')
    .insert({
      sha256: file.sha256,
      rail: file.rail,
      network: file.network,
      format: file.format,
      imported_by: file.importedBy,
      ...(await seal(
        db,
        'statement_files',
        { row: file.sha256, subject: dayOf(new Date()) },
        { content: file.content },
      )),
    })
    .onConflict('sha256')
    .ignore();
  const found = await findFile(db, file.sha256);
  if (!found) throw new Error(`the statement file ${file.sha256} was not kept`);
  return found;
}

export async function findFile(db: Queryable, sha256: string): Promise<StatementFile | undefined> {
  const [found] = await rows<StatementFile>(db, `SELECT ${COLUMNS} FROM statement_files WHERE sha256 = ?`, [
    sha256,
  ]);
  return found;
}

export async function contentOf(db: Queryable, sha256: string): Promise<string | null> {
  const [found] = await rows<{ content: string | null }>(
    db,
    'SELECT content FROM statement_files WHERE sha256 = ?',
    [sha256],
  );
  await openOne(db, 'statement_files', found, { content: 'content' }, () => sha256);
  return found?.content ?? null;
}

/** The file was read: its lines are here, and it is not needed any more. */
export async function fileImported(
  db: Queryable,
  sha256: string,
  read: { complete: boolean; from: string; to: string; lines: number; runId: string },
): Promise<void> {
  await db.raw(
    `UPDATE statement_files SET content = NULL, imported_at = now(), complete = :complete, period_from = :from,
       period_to = :to, lines = :lines, run_id = :run,
       new_lines = (SELECT count(*) FROM statement_lines WHERE file_sha256 = :sha256)
     WHERE sha256 = :sha256`,
    { sha256, complete: read.complete, from: read.from, to: read.to, lines: read.lines, run: read.runId },
  );
}

/** A file that was refused leaves nothing. */
export async function dropFile(db: Queryable, sha256: string): Promise<void> {
  await db.raw('DELETE FROM statement_files WHERE sha256 = ? AND imported_at IS NULL', [sha256]);
}

/** Instructions by the network's reference of their execution, for files that quote only that. */
export async function instructionsByReference(
  db: Queryable,
  rail: RailName,
  references: readonly string[],
): Promise<Map<string, string>> {
  const found = await rows<{ reference: string; id: string }>(
    db,
    `SELECT p.statement->>'reference' AS reference, p.instruction_id AS id FROM proofs p
     WHERE p.accepted AND p.statement->>'reference' = ANY(?::text[]) AND p.statement->>'rail' = ?`,
    [[...new Set(references)], rail],
  );
  return new Map(found.map(({ reference, id }) => [reference, id]));
}
