/** What is open on both sides, as far as it may belong together. */
import type { MatchedMovement } from '../../domain/reconciliation/matching';
import type { Line, Movement } from '../../domain/reconciliation/model';
import type { RailName } from '../../domain/settlement';
import { rows, type Queryable } from '../db';

export interface Candidates {
  readonly lines: Line[];
  readonly movements: Movement[];
  readonly matched: MatchedMovement[];
}

/** Bounds what belongs to one chunk of lines, such as the entries of their batches. */
const MAX_RELATED = 50_000;

type LineRow = Omit<Line, 'amountMinor' | 'feeMinor'> & { amountMinor: string; feeMinor: string };
type MovementRow = Omit<Movement, 'amountMinor'> & { amountMinor: string; matchId: string | null };

const LINE = `l.seq, l.rail, l.network, l.business_date AS "businessDate", l.reference, l.line, l.direction, l.asset,
  l.amount_minor AS "amountMinor", l.fee_minor AS "feeMinor", l.instruction_id AS "instructionId", l.parts, l.role`;
const MOVEMENT = `v.source, v.id, v.instruction_id AS "instructionId", v.kind, v.transaction_id AS "transactionId",
  v.network, v.reference, v.line, v.business_date AS "businessDate", v.direction, v.asset,
  v.amount_minor AS "amountMinor", coalesce(i.match_id, n.match_id) AS "matchId"`;

function toLine(row: LineRow): Line {
  return { ...row, amountMinor: BigInt(row.amountMinor), feeMinor: BigInt(row.feeMinor) };
}

function toMovement({ matchId: _, ...row }: MovementRow): Movement {
  return { ...row, amountMinor: BigInt(row.amountMinor) };
}

/** The open lines of a rail after `after`, oldest first. */
export async function openLines(
  db: Queryable,
  { rail, after, limit }: { rail: RailName; after: string; limit: number },
): Promise<Line[]> {
  const found = await rows<LineRow>(
    db,
    `SELECT ${LINE} FROM statement_lines l
     WHERE l.rail = ? AND l.match_id IS NULL AND l.seq > ? ORDER BY l.seq LIMIT ?`,
    [rail, after, limit],
  );
  return found.map(toLine);
}

/** Open lines by their numbers, locked against everybody else who matches. */
export async function lockOpenLines(db: Queryable, seqs: readonly string[]): Promise<Line[]> {
  const found = await rows<LineRow>(
    db,
    `SELECT ${LINE} FROM statement_lines l WHERE l.seq = ANY(?::bigint[]) AND l.match_id IS NULL ORDER BY l.seq
     FOR UPDATE`,
    [[...seqs]],
  );
  return found.map(toLine);
}

/** The open lines that name an instruction, locked in the same way. */
export async function lockLinesOf(db: Queryable, instructionId: string, rail: RailName): Promise<Line[]> {
  const found = await rows<LineRow>(
    db,
    `SELECT ${LINE} FROM statement_lines l
     WHERE l.instruction_id = ? AND l.rail = ? AND l.match_id IS NULL ORDER BY l.seq FOR UPDATE`,
    [instructionId, rail],
  );
  return found.map(toLine);
}

/** Movements of these instructions, and of the notices about them, matched or not. */
export async function movementsOf(
  db: Queryable,
  rail: RailName,
  instructionIds: readonly string[],
): Promise<Pick<Candidates, 'movements' | 'matched'>> {
  if (instructionIds.length === 0) return { movements: [], matched: [] };
  const found = await rows<MovementRow>(
    db,
    `SELECT ${MOVEMENT} FROM movements v
     LEFT JOIN matched_movements i ON i.instruction_id = v.id
     LEFT JOIN matched_movements n ON n.notice_id = v.id
     WHERE v.rail = ? AND v.instruction_id = ANY(?::text[]) ORDER BY v.id`,
    [rail, [...instructionIds]],
  );
  return {
    movements: found.filter(({ matchId }) => matchId === null).map(toMovement),
    matched: found.flatMap((row) =>
      row.matchId === null ? [] : [{ movement: toMovement(row), matchId: row.matchId }],
    ),
  };
}

/** The lines with every movement they may belong to, and the other open lines of those movements. */
export async function candidatesFor(
  db: Queryable,
  rail: RailName,
  lines: readonly Line[],
): Promise<Candidates> {
  const related = await relatedInstructions(db, lines);
  const { movements, matched } = await movementsOf(db, rail, related);
  if (movements.length === 0) return { lines: [...lines], movements, matched };
  const others = await rows<LineRow>(
    db,
    `SELECT ${LINE} FROM statement_lines l
     WHERE l.match_id IS NULL AND l.rail = :rail AND NOT l.seq = ANY(:known::bigint[])
       AND (l.instruction_id = ANY(:instructions::text[]) OR l.reference = ANY(:references::text[]))
     ORDER BY l.seq LIMIT ${MAX_RELATED}`,
    {
      rail,
      known: lines.map(({ seq }) => seq),
      instructions: [...new Set(movements.map(({ instructionId }) => instructionId))],
      references: [...new Set(movements.map(({ reference }) => reference))],
    },
  );
  const all = [...lines, ...others.map(toLine)].sort((a, b) => Number(BigInt(a.seq) - BigInt(b.seq)));
  return { lines: all, movements, matched };
}

/** Instructions that the lines name, or whose proofs or notices have their reference. */
async function relatedInstructions(db: Queryable, lines: readonly Line[]): Promise<string[]> {
  const named = lines.flatMap(({ instructionId, parts }) => [
    ...(instructionId === null ? [] : [instructionId]),
    ...(parts ?? []).map(({ instruction_id }) => instruction_id),
  ]);
  const byReference = await rows<{ id: string }>(
    db,
    `SELECT p.instruction_id AS id FROM proofs p WHERE p.statement->>'reference' = ANY(:references::text[])
     UNION SELECT n.instruction_id FROM rail_notices n WHERE n.statement->>'reference' = ANY(:references::text[])
     LIMIT ${MAX_RELATED}`,
    { references: [...new Set(lines.map(({ reference }) => reference))] },
  );
  return [...new Set([...named, ...byReference.map(({ id }) => id)])];
}
