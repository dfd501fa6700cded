/** The match of a payment with the line that came along with its answer, inside the transaction that judges it. */
import type { Entry } from '../../domain/ledger/postings';
import { findMatches } from '../../domain/reconciliation/matching';
import type { Line } from '../../domain/reconciliation/model';
import { RAIL_POLICIES } from '../../domain/reconciliation/policy';
import { RULES } from '../../domain/reconciliation/rules';
import type { RailName } from '../../domain/settlement';
import { rows, type Trx } from '../db';
import { lockOpenLines, movementsOf } from './candidates';
import { entriesOf, insertMatches } from './matches';

export interface ImmediateMatch {
  line: Line;
  transactionId: string | null;
  entries: Entry[];
}

const EXACT = RULES.filter(({ name }) => name === 'exact');

export async function matchOne(trx: Trx, instructionId: string): Promise<ImmediateMatch | undefined> {
  const [instruction] = await rows<{ rail: RailName }>(
    trx,
    'SELECT rail FROM instructions WHERE id = ? FOR NO KEY UPDATE',
    [instructionId],
  );
  if (!instruction) return undefined;
  const { rail } = instruction;
  const { movements } = await movementsOf(trx, rail, [instructionId]);
  const own = movements.filter(({ source }) => source === 'instruction');
  if (own.length === 0) return undefined;
  const quoting = await rows<{ seq: string }>(
    trx,
    'SELECT seq FROM statement_lines WHERE instruction_id = ? AND rail = ? AND match_id IS NULL',
    [instructionId, rail],
  );
  const lines = await lockOpenLines(
    trx,
    quoting.map(({ seq }) => seq),
  );
  const [match] = findMatches({ lines, movements: own }, RAIL_POLICIES[rail], EXACT);
  const [line] = match?.lines ?? [];
  const [movement] = match?.movements ?? [];
  if (!match || !line || !movement) return undefined;
  await insertMatches(trx, [match], { rail, runId: null, actor: 'aura' });
  return { line: line.line, transactionId: movement.transactionId, entries: entriesOf(match) };
}
