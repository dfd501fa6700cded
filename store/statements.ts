/** Lines of the rails' statements and their matching with executed instructions. */
import { statementLine, type Entry } from '../domain/ledger/postings';
import type { RailName, StatementLine } from '../domain/settlement';
import { rows, type Queryable, type Trx } from './db';

/** A line that came again and says something else than before. */
export interface AlteredLine {
  seq: string;
  reference: string;
  asset: string;
  beforeMinor: string;
  nowMinor: string;
}

/**
 * Stores lines that are not known yet and marks the known ones as seen by the run. What was stored first stands; lines
 * that now differ are answered.
 */
export async function ingestLines(
  db: Queryable,
  lines: readonly StatementLine[],
  runId: string | null = null,
): Promise<AlteredLine[]> {
  if (lines.length === 0) return [];
  const input = (
    binding: string,
  ) => `jsonb_to_recordset(${binding}::jsonb) AS l(rail text, network text, business_date date, reference text,
    line text, direction text, asset text, amount_minor numeric, fee_minor numeric, instruction_id text,
    source_format text, booked_at timestamptz)`;
  const bindings = { lines: JSON.stringify(lines), first: JSON.stringify(firstOfEach(lines)), run: runId };
  await db.raw(
    `INSERT INTO statement_lines AS s (rail, network, business_date, reference, line, direction, asset, amount_minor,
       fee_minor, instruction_id, source_format, booked_at, last_seen_run)
     SELECT l.rail, l.network, l.business_date, l.reference, l.line, l.direction, l.asset, l.amount_minor, l.fee_minor,
       l.instruction_id, l.source_format, l.booked_at, :run
     FROM ${input(':first')}
     ON CONFLICT (rail, network, business_date, reference, line)
     DO UPDATE SET last_seen_run = coalesce(excluded.last_seen_run, s.last_seen_run)`,
    bindings,
  );
  return rows<AlteredLine>(
    db,
    `SELECT s.seq, s.reference, s.asset, s.amount_minor AS "beforeMinor", l.amount_minor AS "nowMinor"
     FROM ${input(':lines')} JOIN statement_lines s USING (rail, network, business_date, reference, line)
     WHERE (s.amount_minor, s.direction, s.asset) IS DISTINCT FROM (l.amount_minor, l.direction, l.asset)`,
    bindings,
  );
}

/** A statement may have a line twice: the first is stored, and the others are compared with it. */
function firstOfEach(lines: readonly StatementLine[]): StatementLine[] {
  const keyOf = (line: StatementLine) =>
    JSON.stringify([line.rail, line.network, line.business_date, line.reference, line.line]);
  return [...new Map(lines.toReversed().map((line) => [keyOf(line), line])).values()].reverse();
}

export interface StoredLine {
  seq: string;
  rail: RailName;
  network: string;
  businessDate: string;
  reference: string;
  line: string;
  direction: 'credit' | 'debit';
  asset: string;
  amountMinor: string;
  feeMinor: string;
  instructionId: string | null;
  bookedAt: Date;
}

const LINE = `l.seq, l.rail, l.network, l.business_date AS "businessDate", l.reference, l.line, l.direction, l.asset,
  l.amount_minor AS "amountMinor", l.fee_minor AS "feeMinor", l.instruction_id AS "instructionId", l.booked_at AS "bookedAt"`;

export interface Match {
  line: StoredLine;
  instructionId: string;
  transactionId: string | null;
  entry: Entry;
}

/**
 * Matches the line that belongs to an executed instruction: same reference, amount and asset as its proof, and the
 * direction of its kind. The line is marked and the ledger entry that turns the proof into cash is answered, for the
 * caller to post. A nonconforming execution matches too: its money is at the rail, if in suspense.
 */
export async function matchInstruction(trx: Trx, instructionId: string): Promise<Match | undefined> {
  const [line] = await rows<StoredLine & { transactionId: string | null }>(
    trx,
    `UPDATE statement_lines l SET matched_instruction_id = i.id, matched_at = now()
     FROM instructions i
     JOIN proofs p ON p.instruction_id = i.id AND (p.accepted OR i.status = 'nonconforming')
     WHERE i.id = ? AND l.seq = (
       SELECT c.seq FROM statement_lines c
       WHERE c.matched_instruction_id IS NULL AND c.rail = i.rail AND c.instruction_id = i.id
         AND c.network = p.statement->>'network' AND c.reference = p.statement->>'reference'
         AND c.line = p.statement->>'line' AND c.asset = p.statement->>'asset'
         AND c.amount_minor = (p.statement->>'amount_minor')::numeric
         AND c.direction = CASE WHEN i.kind IN ('pay_in', 'deposit') THEN 'credit' ELSE 'debit' END
       ORDER BY c.seq LIMIT 1)
       AND NOT EXISTS (SELECT 1 FROM statement_lines m WHERE m.matched_instruction_id = i.id)
     RETURNING ${LINE}, i.transaction_id AS "transactionId"`,
    [instructionId],
  );
  if (!line) return undefined;
  return {
    line,
    instructionId,
    transactionId: line.transactionId,
    entry: lineEntry(line, line.transactionId),
  };
}

function lineEntry(line: StoredLine, transactionId: string | null): Entry {
  return statementLine({
    lineId: `${line.rail}:${line.network}:${line.businessDate}:${line.reference}:${line.line}`,
    transactionId,
    rail: line.rail,
    asset: line.asset,
    amountMinor: BigInt(line.amountMinor),
    feeMinor: BigInt(line.feeMinor),
    direction: line.direction,
  });
}

/** Executed instructions of a rail that no statement line has matched yet, oldest first. */
export async function unmatchedInstructions(
  db: Queryable,
  rail: string,
  limit: number,
): Promise<{ id: string; kind: string; subjectId: string; transactionId: string | null }[]> {
  return rows(
    db,
    `SELECT i.id, i.kind, i.subject_id AS "subjectId", i.transaction_id AS "transactionId" FROM instructions i
     WHERE i.rail = ? AND i.status IN ('executed', 'nonconforming')
       AND EXISTS (SELECT 1 FROM statement_lines l WHERE l.instruction_id = i.id AND l.matched_instruction_id IS NULL)
       AND NOT EXISTS (SELECT 1 FROM statement_lines m WHERE m.matched_instruction_id = i.id)
     ORDER BY i.id LIMIT ?`,
    [rail, limit],
  );
}
