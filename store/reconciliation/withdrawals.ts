/**
 * A block that is no longer part of the chain: no line tells of it, a line disappears. The notice of it explains that,
 * and what the line had made cash goes back.
 */
import { statementLine } from '../../domain/ledger/postings';
import { cashOf, lineIdOf } from '../../domain/reconciliation/entries';
import type { Line } from '../../domain/reconciliation/model';
import { rows, type Trx } from '../db';
import { postEntries } from '../ledger';
import { lockOpenLines, movementsOf } from './candidates';
import { insertMatches } from './matches';
import type { Run } from './runs';

/** Bounds one run's; what is left comes with the next. */
const MAX_WITHDRAWN = 1_000;

type Withdrawn = Omit<Line, 'amountMinor' | 'feeMinor' | 'parts'> & {
  amountMinor: string;
  feeMinor: string;
  about: string;
};

/** Matches accepted notices of reorganisations with lines that are gone, and with payments that never had a line. */
export async function matchWithdrawn(trx: Trx, run: Run): Promise<number> {
  const by = { rail: run.rail, runId: run.id, actor: 'aura' };
  const gone = await rows<Withdrawn>(
    trx,
    `SELECT l.seq, l.rail, l.network, l.business_date AS "businessDate", l.reference, l.line, l.direction, l.asset,
       l.amount_minor AS "amountMinor", l.fee_minor AS "feeMinor", l.role, n.instruction_id AS about,
       l.instruction_id AS "instructionId"
     FROM rail_notices n JOIN matched_movements m ON m.instruction_id = n.instruction_id
     JOIN statement_lines l ON l.match_id = m.match_id
     WHERE n.rail = :rail AND n.kind = 'reorganisation' AND n.accepted AND l.withdrawn_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM matched_movements k WHERE k.notice_id = n.id)
       AND l.booked_at >= :from AND l.booked_at < :to AND l.last_seen_run IS DISTINCT FROM :run
     ORDER BY l.seq LIMIT ${MAX_WITHDRAWN} FOR UPDATE OF l`,
    { rail: run.rail, from: run.from, to: run.to, run: run.id },
  );
  let matched = 0;
  for (const { about, ...row } of gone) {
    const line: Line = {
      ...row,
      amountMinor: BigInt(row.amountMinor),
      feeMinor: BigInt(row.feeMinor),
      parts: null,
    };
    const { movements } = await movementsOf(trx, run.rail, [about]);
    const notice = movements.find(
      ({ source, direction, amountMinor }) =>
        source === 'notice' && direction !== line.direction && amountMinor === line.amountMinor,
    );
    if (!notice || cashOf(line) !== (line.direction === 'credit' ? line.amountMinor : -line.amountMinor))
      continue;
    await insertMatches(trx, [{ rule: 'withdrawn', lines: [], movements: [notice] }], by);
    await trx.raw('UPDATE statement_lines SET withdrawn_at = now() WHERE seq = ?', [line.seq]);
    await postEntries(trx, [
      statementLine({
        lineId: `${lineIdOf(line)}:withdrawn`,
        transactionId: notice.transactionId,
        rail: line.rail,
        asset: line.asset,
        direction: line.direction === 'credit' ? 'debit' : 'credit',
        amountMinor: line.amountMinor,
        feeMinor: 0n,
      }),
    ]);
    matched++;
  }
  return matched + (await matchUndone(trx, run));
}

/** Undone before any statement showed it: payment and notice are each other's match. */
async function matchUndone(trx: Trx, run: Run): Promise<number> {
  const found = await rows<{ id: string }>(
    trx,
    `SELECT n.instruction_id AS id FROM rail_notices n JOIN instructions i ON i.id = n.instruction_id
     WHERE n.rail = ? AND n.kind = 'reorganisation' AND n.accepted
       AND NOT EXISTS (SELECT 1 FROM matched_movements k WHERE k.notice_id = n.id OR k.instruction_id = i.id)
     ORDER BY i.id LIMIT ${MAX_WITHDRAWN} FOR NO KEY UPDATE OF i, n`,
    [run.rail],
  );
  let matched = 0;
  for (const { id } of found) {
    const { movements } = await movementsOf(trx, run.rail, [id]);
    const [payment, notice, ...more] = movements.toSorted((a, b) => (a.source < b.source ? -1 : 1));
    const cancel =
      notice !== undefined &&
      more.length === 0 &&
      payment?.amountMinor === notice.amountMinor &&
      payment.direction !== notice.direction;
    const named = await rows<{ seq: string }>(
      trx,
      'SELECT seq FROM statement_lines WHERE instruction_id = ? AND match_id IS NULL',
      [id],
    );
    const shown = await lockOpenLines(
      trx,
      named.map(({ seq }) => seq),
    );
    if (!cancel || !payment || shown.length > 0) continue;
    const by = { rail: run.rail, runId: run.id, actor: 'aura' };
    await insertMatches(trx, [{ rule: 'undone', lines: [], movements: [payment, notice] }], by);
    matched++;
  }
  return matched;
}
