/** Walks every history along the table of the lifecycle, without trusting the trigger that wrote it. */
import {
  findMove,
  IllegalTransitionError,
  advance,
  type DealState,
  type TransitionId,
} from '../../domain/lifecycle';
import { pages, tally, type Law } from './law';

interface Row {
  session: string;
  market: string;
  clearing: string | null;
  transition: TransitionId | null;
  region: string | null;
  from: string | null;
  to: string | null;
}

/** Sessions in order, each with its steps in the order they were taken. */
const STEPS = `
  SELECT s.id AS session, s.market_state AS market, t.clearing_state AS clearing, h.transition, h.region,
    h.from_state AS "from", h.to_state AS "to"
  FROM sessions s LEFT JOIN transactions t ON t.session_id = s.id LEFT JOIN state_history h ON h.session_id = s.id
  ORDER BY s.id, h.seq`;

const START: DealState = { market: 'created', clearing: null };
const show = ({ market, clearing }: { market: string; clearing: string | null }) =>
  `${market}/${clearing ?? '-'}`;

export const history: Law = {
  name: 'histories-are-paths',
  says: "every history is a path of the lifecycle's table from its start to the state that is stored",
  async check(trx) {
    const found = tally();
    let walk: { row: Row; state: DealState; problem?: string } | undefined;
    const conclude = () => {
      if (!walk) return;
      const { row, state, problem } = walk;
      const arrived = show(state) === show(row);
      found.add(
        row.session,
        problem ?? (arrived ? undefined : `leads to ${show(state)}, stored is ${show(row)}`),
      );
    };
    for await (const page of pages<Row>(trx, STEPS)) {
      for (const row of page) {
        if (walk?.row.session !== row.session) {
          conclude();
          walk = { row, state: START };
        }
        if (row.transition === null || walk.problem !== undefined) continue;
        const next = take(walk.state, row);
        if (typeof next === 'string') walk.problem = next;
        else walk.state = next;
      }
    }
    conclude();
    return found.finding();
  },
};

/** The state after a step, or why the table does not have it. */
function take(state: DealState, { transition, region, from, to }: Row): DealState | string {
  if (transition === null) return state;
  const move = findMove(transition, state);
  if (!move) return new IllegalTransitionError(transition, state).message;
  if (move.region !== region || move.from !== from || move.to !== to) {
    return `${transition} is written as ${region ?? ''} ${from ?? '-'} to ${to ?? '-'} while ${show(state)}`;
  }
  return advance(state, transition);
}
