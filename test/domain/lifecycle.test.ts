import fc from 'fast-check';
import {
  advance,
  CLEARING_STATES,
  findMove,
  IllegalTransitionError,
  isTerminal,
  MARKET_STATES,
  openMoves,
  TABLE_ROWS,
  TERMINAL_MARKET_STATES,
  type ClearingState,
  type DealState,
  type MarketState,
  type TransitionId,
} from '../../domain/lifecycle';
import { lifecycleDiagram, lifecycleTable } from '../../domain/lifecycle/picture';

/** The lifecycle once more, written from the protocol and not from the code: `none` is the clearing before T18. */
const PROTOCOL = `
  T1  created > interpreting
  T1  interpreting > discovering
  T1  discovering > collecting_offers
  T2  collecting_offers > offers_available
  T3  offers_available > committed
  T4  interpreting > failed
  T4  discovering > failed
  T4  committed > failed                while declined reversed
  T5  committed > cancelled             while declined refunded reversed
  T6  committed > fulfilled             while settled cleared
  T7  fulfilled > disputed
  T8  fulfilled > completed             while cleared refunded
  T9  collecting_offers > expired
  T10 created > cancelled
  T10 interpreting > cancelled
  T10 discovering > cancelled
  T10 collecting_offers > cancelled
  T11 offers_available > cancelled
  T12 offers_available > expired
  T13 committed > disputed
  T14 disputed > resolved
  T15 completed > disputed
  T16 resolved > cancelled              while declined refunded reversed
  T17 resolved > completed              while cleared refunded reversed
  T18 none > risk_assessed              while committed
  T19 risk_assessed > authorized        while committed
  T20 authorized > settling             while committed
  T21 settling > settled
  T22 settled > cleared
  X1  none > declined
  X1  risk_assessed > declined
  X1  authorized > declined
  X2  settling > exception
  X3  exception > settling
  X4  exception > declined
  X5  settled > reversed
  X5  cleared > reversed
  X5  refunded > reversed
  X6  settled > refunded
  X6  cleared > refunded
  X7  reversed > settled
`;

interface Row {
  id: string;
  from: string;
  to: string;
  while: string[];
}
const protocol: Row[] = PROTOCOL.trim()
  .split('\n')
  .map((line) => {
    const [id = '', from = '', , to = '', , ...others] = line.trim().split(/\s+/);
    return { id, from, to, while: others };
  });
const IDS = [...new Set(protocol.map(({ id }) => id))] as TransitionId[];
const CLEARING = [null, ...CLEARING_STATES];
const ALL_STATES: DealState[] = MARKET_STATES.flatMap((market) =>
  CLEARING.map((clearing) => ({ market, clearing })),
);

/** Whether the protocol has this move; by the table above and by nothing else. */
function legal(id: string, { market, clearing }: DealState): Row | undefined {
  const isClearing = id.startsWith('X') || Number(id.slice(1)) >= 18;
  const [mine, other] = isClearing ? [clearing ?? 'none', market] : [market, clearing ?? 'none'];
  return protocol.find(
    (row) => row.id === id && row.from === mine && (row.while.length === 0 || row.while.includes(other)),
  );
}

describe('the lifecycle', () => {
  it('has 22 states in two regions, T1 to T22 and X1 to X7', () => {
    expect(MARKET_STATES).toHaveLength(13);
    expect(CLEARING_STATES).toHaveLength(9);
    expect(new Set([...MARKET_STATES, ...CLEARING_STATES]).size).toBe(22);
    const ids = [
      ...Array.from({ length: 22 }, (_, at) => `T${at + 1}`),
      'X1',
      'X2',
      'X3',
      'X4',
      'X5',
      'X6',
      'X7',
    ];
    expect(new Set(IDS)).toEqual(new Set(ids));
  });

  it('is the protocol’s table, row by row, with nothing missing and nothing added', () => {
    const rows = TABLE_ROWS.map(({ transition, from, to, whileOther }) => ({
      id: transition,
      from: from ?? 'none',
      to,
      while: [...(whileOther ?? [])].map((state) => state ?? 'none').sort(),
    }));
    const key = (row: Row) => `${row.id} ${row.from} ${row.to}`;
    const sorted = (list: Row[]) => [...list].sort((a, b) => (key(a) < key(b) ? -1 : 1));
    expect(sorted(rows)).toEqual(sorted(protocol.map((row) => ({ ...row, while: [...row.while].sort() }))));
  });

  it('decides every transition in every pair of states as the protocol does', () => {
    for (const state of ALL_STATES) {
      for (const id of IDS) {
        const expected = legal(id, state);
        expect([id, state, findMove(id, state)?.to]).toEqual([id, state, expected?.to]);
      }
    }
  });

  it('gives each transition one target in a state', () => {
    for (const state of ALL_STATES) {
      const ids = openMoves(state).map(({ transition }) => transition);
      expect(ids).toHaveLength(new Set(ids).size);
    }
  });

  it('moves one region at a time, and refuses the rest', () => {
    for (const state of ALL_STATES) {
      for (const id of IDS) {
        const row = legal(id, state);
        if (!row) {
          expect(() => advance(state, id)).toThrow(IllegalTransitionError);
          continue;
        }
        const next = advance(state, id);
        const isMarket = (MARKET_STATES as readonly string[]).includes(row.to);
        expect(next).toEqual(isMarket ? { ...state, market: row.to } : { ...state, clearing: row.to });
      }
    }
  });

  it('is never left by a walk through it', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 60 }), (choices) => {
        let state: DealState = { market: 'created', clearing: null };
        for (const choice of choices) {
          const open = IDS.filter((id) => legal(id, state));
          const id = open[choice % open.length];
          if (!id) return;
          state = advance(state, id);
          expect(MARKET_STATES).toContain(state.market);
          expect(CLEARING).toContain(state.clearing);
          // Clearing begins with a commitment, and money has moved before anything counts as delivered.
          if (
            ['created', 'interpreting', 'discovering', 'collecting_offers', 'offers_available'].includes(
              state.market,
            )
          )
            expect([null, 'declined']).toContain(state.clearing);
          if (state.market === 'fulfilled') expect(state.clearing).not.toBe('risk_assessed');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('reaches every state', () => {
    const seen = new Map<string, DealState>();
    const open: DealState[] = [{ market: 'created', clearing: null }];
    for (let state = open.pop(); state; state = open.pop()) {
      const name = `${state.market}/${state.clearing}`;
      if (seen.has(name)) continue;
      seen.set(name, state);
      const here = state;
      open.push(...openMoves(here).map(({ transition }) => advance(here, transition)));
    }
    const reached = [...seen.values()];
    expect(new Set(reached.map(({ market }) => market))).toEqual(new Set(MARKET_STATES));
    expect(new Set(reached.map(({ clearing }) => clearing))).toEqual(new Set(CLEARING));
  });

  it.each<[TransitionId, DealState]>([
    ['T20', { market: 'disputed', clearing: 'authorized' }],
    ['T6', { market: 'committed', clearing: 'settling' }],
    ['T8', { market: 'fulfilled', clearing: 'settled' }],
    ['T5', { market: 'committed', clearing: 'settling' }],
    ['T4', { market: 'committed', clearing: 'exception' }],
    ['T18', { market: 'offers_available', clearing: null }],
    ['T19', { market: 'cancelled', clearing: 'risk_assessed' }],
    ['X1', { market: 'committed', clearing: 'settling' }],
    ['T16', { market: 'resolved', clearing: 'cleared' }],
    ['T17', { market: 'resolved', clearing: 'declined' }],
  ])('refuses %s while the other region forbids it', (id, state) => {
    expect(findMove(id, state)).toBeUndefined();
    expect(() => advance(state, id)).toThrow(
      `${id} does not apply in ${state.market}/${state.clearing ?? '–'}`,
    );
  });

  it('ends in completed, cancelled, expired and failed; only a completed deal can still be disputed', () => {
    expect([...TERMINAL_MARKET_STATES].sort()).toEqual(['cancelled', 'completed', 'expired', 'failed']);
    const onward = (market: MarketState) =>
      new Set(
        CLEARING.flatMap((clearing: ClearingState | null) => openMoves({ market, clearing }))
          .filter(({ region }) => region === 'market')
          .map(({ transition }) => transition),
      );
    for (const state of MARKET_STATES) {
      expect([state, isTerminal(state)]).toEqual([
        state,
        (TERMINAL_MARKET_STATES as string[]).includes(state),
      ]);
      if (state === 'completed') expect(onward(state)).toEqual(new Set(['T15']));
      else expect([state, onward(state).size === 0]).toEqual([state, isTerminal(state)]);
    }
  });
});

describe('the picture of the lifecycle', () => {
  it('has an arrow for each move, and no other', () => {
    const arrows = lifecycleDiagram()
      .split('\n')
      .filter((line) => line.includes('-->'));
    expect(new Set(arrows.map((line) => line.trim()))).toEqual(
      new Set([
        '[*] --> created',
        ...protocol.map(({ id, from, to }) => `${from === 'none' ? '[*]' : from} --> ${to}: ${id}`),
      ]),
    );
    expect(arrows).toHaveLength(protocol.length + 1);
  });

  it('comes with a table of the same moves', () => {
    const lines = lifecycleTable().split('\n').slice(2);
    expect(lines).toHaveLength(protocol.length);
    for (const { id, from, to } of protocol) {
      expect(lines.join('\n')).toContain(`| ${id} | `);
      expect(lines.join('\n')).toContain(`${from === 'none' ? '–' : from} → ${to} |`);
    }
  });
});
