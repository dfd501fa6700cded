import {
  CLEARING_STATES,
  MARKET_STATES,
  TABLE_ROWS,
  TERMINAL_MARKET_STATES,
  type State,
} from '../../domain/lifecycle';
import { lifecycleDiagram, lifecycleTable } from '../../domain/lifecycle/picture';
import { code, page } from './markdown';

const names = (states: readonly State[]) => states.map((state) => `\`${state}\``).join(', ');

export function lifecyclePage(): string {
  return page(
    'Lifecycle of a deal',
    'domain/lifecycle',
    `A deal is in one **market** state (${MARKET_STATES.length}: what buyer and seller see of it) and, once it is committed, in one **clearing** state too (${CLEARING_STATES.length}: where its money stands). ${TABLE_ROWS.length} moves lead from state to state and there are no others: the database holds the same table and refuses what is not in it.`,
    code('mermaid', lifecycleDiagram()),
    `The market side has nothing more to come in ${names(TERMINAL_MARKET_STATES)}; only a completed deal can still be disputed (T15). In the clearing region \`[*]\` stands for “not begun”.`,
    '## Every move',
    lifecycleTable(),
  );
}
