import {
  TABLE_ROWS,
  type ClearingState,
  type MarketState,
  type Region,
  type State,
  type TableRow,
  type TransitionId,
} from './table';

export * from './table';

/** Where a deal stands. `clearing` is null before T18. */
export interface DealState {
  readonly market: MarketState;
  readonly clearing: ClearingState | null;
}

export interface Move {
  readonly transition: TransitionId;
  readonly region: Region;
  readonly from: State | null;
  readonly to: State;
}

export class IllegalTransitionError extends Error {
  override name = 'IllegalTransitionError';
  constructor(
    readonly transition: string,
    readonly state: DealState,
  ) {
    super(`${transition} does not apply in ${state.market}/${state.clearing ?? '–'}`);
  }
}

/** The move `id` makes from `state`, or undefined where the table does not list it. */
export function findMove(id: TransitionId, state: DealState): Move | undefined {
  return TABLE_ROWS.find((row) => row.transition === id && applies(row, state));
}

function applies(row: TableRow, state: DealState): boolean {
  const [current, other] =
    row.region === 'market' ? [state.market, state.clearing] : [state.clearing, state.market];
  return row.from === current && (row.whileOther === null || row.whileOther.includes(other));
}

/** The state after `id`. Throws `IllegalTransitionError` where the table does not list it. */
export function advance(state: DealState, id: TransitionId): DealState {
  const move = findMove(id, state);
  if (!move) throw new IllegalTransitionError(id, state);
  return move.region === 'market'
    ? { ...state, market: move.to as MarketState }
    : { ...state, clearing: move.to as ClearingState };
}

/** All transitions that apply in `state`. */
export function openMoves(state: DealState): Move[] {
  return TABLE_ROWS.filter((row) => applies(row, state));
}

/** States in which nothing more is owed on the market side. A completed deal can still be disputed (T15). */
export const TERMINAL_MARKET_STATES: readonly MarketState[] = ['completed', 'cancelled', 'expired', 'failed'];

export function isTerminal(state: MarketState): boolean {
  return TERMINAL_MARKET_STATES.includes(state);
}
