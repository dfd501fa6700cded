/** The match of a payment with the line that came along with its answer, inside the transaction that judges it. */
import type { Entry } from '../../domain/ledger/postings';
import { findMatches } from '../../domain/reconciliation/matching';
import type { Line } from '../../domain/reconciliation/model';
import { RAIL_POLICIES } from '../../domain/reconciliation/policy';
import { RULES } from '../../domain/reconciliation/rules';
import type { Instruction } from '../../domain/settlement';
import { rows, type Trx } from '../db';
import { lockLinesOf, movementsOf } from './candidates';
import { entriesOf, insertMatches } from './matches';

export interface ImmediateMatch {
  line: Line;
  transactionId: string | null;
  entries: Entry[];
}

const EXACT = RULES.filter(({ name }) => name === 'exact');

/** The instruction and its lines are locked before they are looked at, as by everybody who matches. */
export async function matchOne(
  trx: Trx,
  { instruction_id: id, rail }: Pick<Instruction, 'instruction_id' | 'rail'>,
): Promise<ImmediateMatch | undefined> {
  const [, { movements }, lines] = await Promise.all([
    rows(trx, 'SELECT 1 FROM instructions WHERE id = ? FOR NO KEY UPDATE', [id]),
    movementsOf(trx, rail, [id]),
    lockLinesOf(trx, id, rail),
  ]);
  const own = movements.filter(({ source }) => source === 'instruction');
  if (own.length === 0) return undefined;
  const [match] = findMatches({ lines, movements: own }, RAIL_POLICIES[rail], EXACT);
  const [line] = match?.lines ?? [];
  const [movement] = match?.movements ?? [];
  if (!match || !line || !movement) return undefined;
  await insertMatches(trx, [match], { rail, runId: null, actor: 'aura' });
  return { line: line.line, transactionId: movement.transactionId, entries: entriesOf(match) };
}
