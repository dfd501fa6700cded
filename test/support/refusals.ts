/** What the database says when it refuses. */
import { sqlState, violatedConstraint } from '../../store/db';

const NAMES: Readonly<Record<string, string>> = {
  '23001': 'append-only',
  '23502': 'not null',
  '23503': 'foreign key',
  '23505': 'unique',
  '23514': 'check',
  '428C9': 'generated',
};

/** `check entry_balances`, `append-only`, …; `accepted` where nothing was refused. Other faults are thrown on. */
export async function refusalOf(work: PromiseLike<unknown>): Promise<string> {
  try {
    await work;
    return 'accepted';
  } catch (error) {
    const name = NAMES[sqlState(error) ?? ''];
    if (name === undefined) throw error;
    const constraint = violatedConstraint(error);
    return constraint === undefined ? name : `${name} ${constraint}`;
  }
}
