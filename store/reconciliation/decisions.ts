/** What an operator decides: which line belongs to which movements, or that a line is taken as it is. */
import { refusal, type Refusal } from '../../domain/errors';
import { SHORTAGE_ACCOUNTS, type ShortageAccount } from '../../domain/reconciliation/entries';
import { explainByHand } from '../../domain/reconciliation/by-hand';
import type { Line, Movement } from '../../domain/reconciliation/model';
import type { RailName } from '../../domain/settlement';
import { rows, type Trx } from '../db';
import { recordAudit } from '../states';
import { resolveMatched } from './breaks';
import { movementsOf } from './candidates';
import { applyFindings } from './matches';

export { SHORTAGE_ACCOUNTS };

export interface Decision {
  operatorId: string;
  reason: string;
  lines: readonly string[];
  instructionIds: readonly string[];
  noticeIds: readonly string[];
  /** Where money goes that a line lacks. */
  shortageTo: ShortageAccount;
}

export type Decided =
  | { outcome: 'refused'; refusal: Refusal }
  | { outcome: 'matched'; matchId: string; differenceMinor: bigint; asset: string; cleared: string[] };

/**
 * Matches lines with movements whatever their amounts, or, with no movements, accepts lines into suspense. Refused where
 * a line or movement does not exist, was matched before, or does not fit the others.
 */
export async function decideMatch(trx: Trx, decision: Decision): Promise<Decided> {
  const lines = await openLinesBy(trx, decision.lines);
  const [first] = lines;
  if (!first || lines.length !== new Set(decision.lines).size)
    return refuse('lines', 'every line has to exist and be open');
  const rail = first.rail;
  const wanted = [...decision.instructionIds, ...decision.noticeIds];
  const movements = await openMovementsBy(trx, rail, decision);
  if (movements.length !== new Set(wanted).size)
    return refuse('instruction_ids', 'every movement has to be proved at the rail of the line, and open');
  const explained = explainByHand(lines, movements);
  if ('problem' in explained) return refuse('lines', explained.problem);
  const { operatorId, reason, shortageTo } = decision;
  const rule = movements.length === 0 ? 'accepted' : 'operator';
  const by = { rail, runId: null, actor: operatorId, reason, shortageTo };
  const match = { rule, lines: explained.lines, movements } as const;
  const { matched, cleared } = await applyFindings(trx, { matches: [match], fees: [] }, [], by);
  if (matched === 0) return refuse('lines', 'somebody else matched it just now');
  const seqs = lines.map(({ seq }) => seq);
  await resolveMatched(trx, { lines: seqs, movements: wanted, operatorId });
  const [stored] = await rows<{ id: string }>(
    trx,
    'SELECT match_id AS id FROM statement_lines WHERE seq = ?',
    [first.seq],
  );
  const matchId = stored?.id ?? '';
  const differenceMinor = explained.differenceMinor;
  await recordAudit(trx, {
    actor: operatorId,
    action: rule === 'accepted' ? 'reconciliation.line_accepted' : 'reconciliation.matched',
    subject: `match:${matchId}`,
    detail: {
      lines: seqs,
      movements: wanted,
      reason,
      difference_minor: differenceMinor.toString(),
      shortageTo,
    },
  });
  return { outcome: 'matched', matchId, differenceMinor, asset: first.asset, cleared };
}

function refuse(field: string, reason: string): Decided {
  return {
    outcome: 'refused',
    refusal: refusal('INVALID_PARAMETER', { field, reason }, `${field}: ${reason}`),
  };
}

async function openLinesBy(trx: Trx, seqs: readonly string[]): Promise<Line[]> {
  type Row = Omit<Line, 'amountMinor' | 'feeMinor'> & { amountMinor: string; feeMinor: string };
  const found = await rows<Row>(
    trx,
    `SELECT seq, rail, network, business_date AS "businessDate", reference, line, direction, asset,
       amount_minor AS "amountMinor", fee_minor AS "feeMinor", instruction_id AS "instructionId", parts, role
     FROM statement_lines WHERE seq = ANY(?::bigint[]) AND match_id IS NULL ORDER BY seq`,
    [[...seqs]],
  );
  return found.map((row) => ({
    ...row,
    amountMinor: BigInt(row.amountMinor),
    feeMinor: BigInt(row.feeMinor),
  }));
}

async function openMovementsBy(
  trx: Trx,
  rail: RailName,
  { instructionIds, noticeIds }: Pick<Decision, 'instructionIds' | 'noticeIds'>,
): Promise<Movement[]> {
  const about = await rows<{ id: string }>(
    trx,
    'SELECT instruction_id AS id FROM rail_notices WHERE id = ANY(?::text[])',
    [[...noticeIds]],
  );
  const ids = new Set([...instructionIds, ...noticeIds]);
  const { movements } = await movementsOf(trx, rail, [
    ...new Set([...instructionIds, ...about.map(({ id }) => id)]),
  ]);
  return movements.filter(({ id }) => ids.has(id));
}
