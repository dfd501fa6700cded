/** Ways along the lifecycle: the shortest path to a state, and the rows of history that take it. */
import {
  advance,
  openMoves,
  type ClearingState,
  type DealState,
  type MarketState,
  type TransitionId,
} from '../../domain/lifecycle';
import { inTransaction, type Db } from '../../store/db';
import { newId } from '../../domain/ids';
import { recordChange } from '../../store/states';

export interface WantedState {
  market: MarketState;
  clearing: ClearingState | null;
}

/** The shortest sequence of transitions between two states, breadth first. */
export function pathTo(from: DealState, wanted: WantedState): TransitionId[] {
  const nameOf = ({ market, clearing }: DealState) => `${market}/${clearing}`;
  const seen = new Set([nameOf(from)]);
  let frontier: { state: DealState; steps: TransitionId[] }[] = [{ state: from, steps: [] }];
  while (frontier.length > 0) {
    const arrived = frontier.find(({ state }) => nameOf(state) === nameOf(wanted));
    if (arrived) return arrived.steps;
    frontier = frontier
      .flatMap(({ state, steps }) =>
        openMoves(state).map(({ transition }) => ({
          state: advance(state, transition),
          steps: [...steps, transition],
        })),
      )
      .filter(({ state }) => !seen.has(nameOf(state)) && seen.add(nameOf(state)));
  }
  throw new Error(`nothing leads from ${nameOf(from)} to ${nameOf(wanted)}`);
}

/** Takes transitions one after the other and answers the state they lead to. */
export async function takeSteps(
  db: Db,
  deal: { sessionId: string; transactionId: string | null },
  state: DealState,
  steps: readonly TransitionId[],
): Promise<DealState> {
  if (steps.length === 0) return state;
  return inTransaction(db, (trx) =>
    recordChange(trx, {
      ...deal,
      state,
      // Keys are unique for each, because the same transition may be taken twice.
      steps: steps.map((transition) => ({ transition, key: `${transition}:${newId('event')}` })),
      actor: 'test',
      audit: { action: 'test.steps', detail: {} },
    }),
  );
}
