/**
 * The lifecycle of a deal: 22 states in two regions. This table is the only place that knows which moves exist; the
 * database's checks, the documentation's picture and the workflows are derived from it.
 */

export const MARKET_STATES = [
  'created',
  'interpreting',
  'discovering',
  'collecting_offers',
  'offers_available',
  'committed',
  'fulfilled',
  'completed',
  'cancelled',
  'expired',
  'failed',
  'disputed',
  'resolved',
] as const;
export type MarketState = (typeof MARKET_STATES)[number];

export const CLEARING_STATES = [
  'risk_assessed',
  'authorized',
  'settling',
  'settled',
  'cleared',
  'declined',
  'exception',
  'reversed',
  'refunded',
] as const;
export type ClearingState = (typeof CLEARING_STATES)[number];

export type Region = 'market' | 'clearing';
export type State = MarketState | ClearingState;

interface TransitionShape<R extends Region, S extends State> {
  readonly id: string;
  readonly region: R;
  /** `null` is the clearing region before T18. */
  readonly moves: readonly MoveShape<S>[];
  readonly trigger: string;
  /** What the other region must be in, where that is part of the guard. `null` stands for "not begun". */
  readonly whileOther?: OtherStates;
}

type OtherStates = readonly (State | null)[];
/** A move may have a guard of its own, which then replaces the transition's. */
type MoveShape<S> = readonly [from: S | null, to: S, whileOther?: OtherStates];

export type MarketTransition = TransitionShape<'market', MarketState>;
export type ClearingTransition = TransitionShape<'clearing', ClearingState>;
export type Transition = MarketTransition | ClearingTransition;

const market = (
  id: string,
  moves: MarketTransition['moves'],
  trigger: string,
  whileOther?: readonly (ClearingState | null)[],
): MarketTransition => ({ id, region: 'market', moves, trigger, ...(whileOther && { whileOther }) });

const clearing = (
  id: string,
  moves: ClearingTransition['moves'],
  trigger: string,
  whileOther?: readonly MarketState[],
): ClearingTransition => ({ id, region: 'clearing', moves, trigger, ...(whileOther && { whileOther }) });

const from = <S extends State>(to: S, ...sources: S[]) => sources.map((source) => [source, to] as const);

export const TRANSITIONS: readonly Transition[] = [
  market(
    'T1',
    [
      ['created', 'interpreting'],
      ['interpreting', 'discovering'],
      ['discovering', 'collecting_offers'],
    ],
    'intent submitted',
  ),
  market('T2', [['collecting_offers', 'offers_available']], 'offers received and ranked'),
  market('T3', [['offers_available', 'committed']], 'scout commits, gate passed'),
  market(
    'T4',
    [
      ...from<MarketState>('failed', 'interpreting', 'discovering'),
      ['committed', 'failed', ['declined', 'reversed']],
    ],
    'not interpretable, no beacon matches, or clearing declined or reversed without a retry',
  ),
  market('T5', [['committed', 'cancelled']], 'a party cancels before fulfilment', [
    'declined',
    'refunded',
    'reversed',
  ]),
  market('T6', [['committed', 'fulfilled']], 'delivery confirmed', ['settled', 'cleared']),
  market('T7', [['fulfilled', 'disputed']], 'dispute filed, or the settlement was reversed'),
  market('T8', [['fulfilled', 'completed']], 'all settled', ['cleared', 'refunded']),
  market('T9', [['collecting_offers', 'expired']], 'no valid offer by the deadline'),
  market(
    'T10',
    from<MarketState>('cancelled', 'created', 'interpreting', 'discovering', 'collecting_offers'),
    'scout cancels',
  ),
  market('T11', [['offers_available', 'cancelled']], 'scout cancels'),
  market('T12', [['offers_available', 'expired']], 'timeout'),
  market('T13', [['committed', 'disputed']], 'dispute filed, or the delivery deadline passed'),
  market('T14', [['disputed', 'resolved']], 'resolution'),
  market('T15', [['completed', 'disputed']], 'the settlement was reversed, or a dispute inside the window'),
  market('T16', [['resolved', 'cancelled']], 'resolved by unwinding', ['declined', 'refunded', 'reversed']),
  market('T17', [['resolved', 'completed']], 'remedy proved', ['cleared', 'refunded', 'reversed']),
  clearing('T18', [[null, 'risk_assessed']], 'risk computed', ['committed']),
  clearing('T19', [['risk_assessed', 'authorized']], 'margin funded, novation', ['committed']),
  clearing('T20', [['authorized', 'settling']], 'instruction signed and stored, then sent', ['committed']),
  clearing('T21', [['settling', 'settled']], 'proof verified'),
  clearing('T22', [['settled', 'cleared']], "reconciled with the rail's statement"),
  clearing(
    'X1',
    [[null, 'declined'], ...from<ClearingState>('declined', 'risk_assessed', 'authorized')],
    'risk refused, margin call ran out, or cancelled before an instruction was sent',
  ),
  clearing('X2', [['settling', 'exception']], 'rejected, no proof, timeout, bad proof, or outcome unknown'),
  clearing('X3', [['exception', 'settling']], 'an inquiry answered: it executed, or provably never will'),
  clearing('X4', [['exception', 'declined']], 'given up: proved unexecuted, or sent back'),
  clearing(
    'X5',
    from<ClearingState>('reversed', 'settled', 'cleared', 'refunded'),
    'return, chargeback, chain reorganisation, or disproved settlement',
  ),
  clearing('X6', from<ClearingState>('refunded', 'settled', 'cleared'), 'proved refunds add up to the total'),
  clearing('X7', [['reversed', 'settled']], 'retry or won representment proved'),
];

export type TransitionId =
  | `T${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16 | 17 | 18 | 19 | 20 | 21 | 22}`
  | `X${1 | 2 | 3 | 4 | 5 | 6 | 7}`;

/** One row of the table: a single move with everything its guard needs. */
export interface TableRow {
  readonly transition: TransitionId;
  readonly region: Region;
  readonly from: State | null;
  readonly to: State;
  readonly whileOther: OtherStates | null;
}

export const TABLE_ROWS: readonly TableRow[] = TRANSITIONS.flatMap(({ id, region, moves, whileOther }) =>
  (moves as readonly MoveShape<State>[]).map(([source, target, guard]) => ({
    transition: id as TransitionId,
    region,
    from: source,
    to: target,
    whileOther: guard ?? whileOther ?? null,
  })),
);
