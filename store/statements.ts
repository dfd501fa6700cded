/** Lines of the rails' statements as they are taken in, and the immediate match of a payment with its own line. */
import type { Entry } from '../domain/ledger/postings';
import type { Line } from '../domain/reconciliation/model';
import type { Instruction, StatementLine } from '../domain/settlement';
import { isTransaction, rows, type Queryable, type Trx } from './db';
import { matchOne } from './reconciliation/immediate';

/** A line that came again and says something else than before. */
export interface AlteredLine {
  seq: string;
  reference: string;
  asset: string;
  beforeMinor: string;
  nowMinor: string;
  /** What differs: `amount_minor`, `fee_minor`, `direction`, `asset`, `instruction_id`. */
  fields: string[];
}

const KEY = 'rail, network, business_date, reference, line';
const input = (
  binding: string,
) => `jsonb_to_recordset(${binding}::jsonb) AS l(rail text, network text, business_date date, reference text,
    line text, direction text, asset text, amount_minor numeric, fee_minor numeric, instruction_id text,
    source_format text, booked_at timestamptz, parts jsonb, role text)`;

/**
 * Stores lines that are not known yet and marks the known ones as seen by the run. What was stored first stands; lines
 * that now differ are kept as alterations, and answered. What a line left out before and says now, it may add.
 */
export async function ingestLines(
  db: Queryable,
  lines: readonly StatementLine[],
  runId: string | null = null,
  fileSha256: string | null = null,
): Promise<AlteredLine[]> {
  if (lines.length === 0) return [];
  const bindings = {
    lines: JSON.stringify(lines),
    first: JSON.stringify(firstOfEach(lines)),
    run: runId,
    file: fileSha256,
  };
  const stored = rows(
    db,
    `INSERT INTO statement_lines AS s (${KEY}, direction, asset, amount_minor, fee_minor, instruction_id, source_format,
       booked_at, parts, role, last_seen_run, file_sha256)
     SELECT l.rail, l.network, l.business_date, l.reference, l.line, l.direction, l.asset, l.amount_minor, l.fee_minor,
       l.instruction_id, l.source_format, l.booked_at, l.parts, coalesce(l.role, 'movement'), :run, :file
     FROM ${input(':first')}
     ON CONFLICT (${KEY})
     DO UPDATE SET last_seen_run = coalesce(excluded.last_seen_run, s.last_seen_run),
       instruction_id = CASE WHEN s.match_id IS NULL THEN coalesce(s.instruction_id, excluded.instruction_id)
                             ELSE s.instruction_id END,
       parts = coalesce(s.parts, excluded.parts)`,
    bindings,
  );
  // On one connection it is read after what was just stored; a pool may take another.
  if (!isTransaction(db)) await stored;
  const altered = rows<AlteredLine>(
    db,
    `WITH changed AS (
       SELECT s.seq, s.reference, s.asset, s.amount_minor AS before_minor, l.amount_minor AS now_minor,
         array_remove(ARRAY[
           CASE WHEN s.amount_minor <> l.amount_minor THEN 'amount_minor' END,
           CASE WHEN s.fee_minor <> l.fee_minor THEN 'fee_minor' END,
           CASE WHEN s.direction <> l.direction THEN 'direction' END,
           CASE WHEN s.asset <> l.asset THEN 'asset' END,
           CASE WHEN s.instruction_id <> l.instruction_id THEN 'instruction_id' END
         ], NULL) AS fields,
         jsonb_build_object('amount_minor', l.amount_minor::text, 'fee_minor', l.fee_minor::text,
           'direction', l.direction, 'asset', l.asset, 'instruction_id', l.instruction_id) AS now
       FROM ${input(':lines')} CROSS JOIN LATERAL (
         -- By its key, one at a time: a join would be planned as if there were few lines.
         SELECT k.* FROM statement_lines k
         WHERE (k.rail, k.network, k.business_date, k.reference, k.line)
           = (l.rail, l.network, l.business_date, l.reference, l.line) LIMIT 1
       ) s
       WHERE (s.amount_minor, s.fee_minor, s.direction, s.asset) IS DISTINCT FROM
               (l.amount_minor, l.fee_minor, l.direction, l.asset)
          OR s.instruction_id <> l.instruction_id
     ), kept AS (
       INSERT INTO line_alterations (line_seq, digest, now, fields)
       SELECT DISTINCT ON (seq, md5(now::text)) seq, md5(now::text), now, fields FROM changed
       ON CONFLICT DO NOTHING RETURNING 1
     )
     SELECT seq, reference, asset, before_minor AS "beforeMinor", now_minor AS "nowMinor", fields FROM changed
     ORDER BY seq`,
    bindings,
  );
  return (await Promise.all([altered, stored]))[0];
}

/** A statement may have a line twice: the first is stored, and the others are compared with it. */
function firstOfEach(lines: readonly StatementLine[]): StatementLine[] {
  const keyOf = (line: StatementLine) =>
    JSON.stringify([line.rail, line.network, line.business_date, line.reference, line.line]);
  return [...new Map(lines.toReversed().map((line) => [keyOf(line), line])).values()].reverse();
}

export interface Match {
  line: Line;
  instructionId: string;
  transactionId: string | null;
  entry: Entry;
}

/**
 * Matches the line that belongs to an executed instruction by the rule `exact`, and answers the ledger entry that turns
 * the proof into cash, for the caller to post. Everything less obvious waits for a reconciliation run. A nonconforming
 * execution matches too: its money is at the rail, if in suspense.
 */
export async function matchInstruction(
  trx: Trx,
  instruction: Pick<Instruction, 'instruction_id' | 'rail'>,
): Promise<Match | undefined> {
  const { instruction_id: instructionId } = instruction;
  const found = await matchOne(trx, instruction);
  const [entry] = found?.entries ?? [];
  if (!found || !entry) return undefined;
  return { line: found.line, instructionId, transactionId: found.transactionId, entry };
}
