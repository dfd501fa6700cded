import fc from 'fast-check';
import {
  netInProved,
  netOutProved,
  nettingClosed,
  nettingUndone,
  type Entry,
} from '../../domain/ledger/postings';
import {
  fit,
  isNetted,
  netOf,
  outstandingOf,
  positionsOf,
  transfersOf,
  type Means,
  type Moved,
  type QueuedDeal,
} from '../../domain/netting';

const FIRMS = ['prn_a', 'prn_b', 'prn_c', 'prn_d'] as const;

const deals: fc.Arbitrary<QueuedDeal[]> = fc
  .array(
    fc.record({
      pair: fc.tuple(fc.nat({ max: 3 }), fc.integer({ min: 1, max: 3 })),
      totalMinor: fc.bigInt({ min: 1n, max: 1_000_000n }),
      feeBps: fc.bigInt({ min: 0n, max: 10_000n }),
    }),
    { maxLength: 25 },
  )
  .map((drawn) =>
    drawn.map(({ pair: [from, step], totalMinor, feeBps }, index) => ({
      transactionId: `txn_${index}`,
      seq: BigInt(index),
      buyer: FIRMS[from] ?? 'prn_a',
      seller: FIRMS[(from + step) % FIRMS.length] ?? 'prn_b',
      totalMinor,
      feeMinor: (totalMinor * feeBps) / 10_000n,
      reservedOn: `mnd_${FIRMS[from]}`,
    })),
  );

const sum = (amounts: readonly bigint[]) => amounts.reduce((total, amount) => total + amount, 0n);
const feesOf = (of: readonly QueuedDeal[]) => sum(of.map(({ feeMinor }) => feeMinor));

describe('positions', () => {
  it('add up to minus what AURA earns', () => {
    fc.assert(
      fc.property(deals, (all) => {
        expect(sum(positionsOf(all).map(netOf))).toBe(-feesOf(all));
      }),
    );
  });

  it('move for every principal what its deals one by one would have moved', () => {
    fc.assert(
      fc.property(deals, (all) => {
        for (const firm of FIRMS) {
          const paid = all.filter(({ buyer }) => buyer === firm).map(({ totalMinor }) => totalMinor);
          const got = all
            .filter(({ seller }) => seller === firm)
            .map(({ totalMinor, feeMinor }) => totalMinor - feeMinor);
          const mine = positionsOf(all).find(({ principalId }) => principalId === firm);
          expect(mine ? netOf(mine) : 0n).toBe(sum(got) - sum(paid));
        }
      }),
    );
  });

  it('do not depend on the order of the deals', () => {
    fc.assert(fc.property(deals, (all) => expect(positionsOf(all.toReversed())).toEqual(positionsOf(all))));
  });

  it('of a ring of equal deals without fees need no payment at all', () => {
    const ring = FIRMS.map((buyer, index) => ({
      transactionId: `txn_${index}`,
      buyer,
      seller: FIRMS[(index + 1) % FIRMS.length] ?? '',
      totalMinor: 5_000n,
      feeMinor: 0n,
    }));
    expect(positionsOf(ring).map(netOf)).toEqual([0n, 0n, 0n, 0n]);
  });

  it('count what was moved before, and give back what was paid by whoever has no deals any more', () => {
    fc.assert(
      fc.property(
        deals,
        fc.array(fc.bigInt({ min: 0n, max: 500_000n }), { minLength: 4, maxLength: 4 }),
        (all, paid) => {
          const moved = new Map<string, Moved>(
            FIRMS.map((firm, index) => [firm, { inMinor: paid[index] ?? 0n, outMinor: 0n }]),
          );
          const outstanding = outstandingOf(positionsOf(all), moved);
          // What comes in from now on, less what goes out, leaves AURA with its fees and nothing else.
          expect(sum(paid) - sum([...outstanding.values()])).toBe(feesOf(all));
        },
      ),
    );
  });
});

describe('who fits into a cycle', () => {
  const means = fc
    .array(
      fc.record({
        cap: fc.option(fc.bigInt({ min: 0n, max: 2_000_000n })),
        paidMinor: fc.bigInt({ min: 0n, max: 300_000n }),
        leftMinor: fc.bigInt({ min: 0n, max: 2_000_000n }),
      }),
      { minLength: 4, maxLength: 4 },
    )
    .map(
      (drawn) =>
        new Map<string, Means>(
          drawn.map(({ cap, paidMinor, leftMinor }, index) => {
            const firm = FIRMS[index] ?? '';
            return [firm, { capMinor: cap, paidMinor, mandates: [{ id: `mnd_${firm}`, leftMinor }] }];
          }),
        ),
    );

  it('is who can pay: within its cap, and out of one mandate', () => {
    fc.assert(
      fc.property(deals, means, (all, of) => {
        const { kept, leftOut } = fit(all, of);
        expect([...kept, ...leftOut].map(({ seq }) => seq).sort()).toEqual(all.map(({ seq }) => seq).sort());
        for (const position of positionsOf(kept)) {
          const mine = of.get(position.principalId);
          const debit = -netOf(position);
          if (!mine || debit <= mine.paidMinor) continue;
          const reserved = sum(
            kept.filter(({ buyer }) => buyer === position.principalId).map(({ totalMinor }) => totalMinor),
          );
          expect(debit <= (mine.capMinor ?? debit)).toBe(true);
          expect(debit - mine.paidMinor <= (mine.mandates[0]?.leftMinor ?? 0n) + reserved).toBe(true);
        }
      }),
    );
  });

  it('is everybody without caps, for what a deal set aside always covers its part of the position', () => {
    const uncapped = new Map<string, Means>(
      FIRMS.map((firm) => [
        firm,
        { capMinor: null, paidMinor: 0n, mandates: [{ id: `mnd_${firm}`, leftMinor: 0n }] },
      ]),
    );
    fc.assert(fc.property(deals, (all) => expect(fit(all, uncapped).leftOut).toEqual([])));
  });

  it('is decided the same whatever the order in which the deals are read', () => {
    fc.assert(
      fc.property(deals, means, (all, of) => {
        expect(fit(all.toReversed(), of)).toEqual(fit(all, of));
      }),
    );
  });

  it('leaves the newest purchases for the next cycle, and those of its sellers that could then not pay', () => {
    const deal = (seq: bigint, buyer: string, seller: string, totalMinor: bigint): QueuedDeal => ({
      transactionId: `txn_${seq}`,
      seq,
      buyer,
      seller,
      totalMinor,
      feeMinor: 0n,
      reservedOn: null,
    });
    const all = [
      deal(1n, 'a', 'b', 60n),
      deal(2n, 'a', 'b', 60n),
      // Without the second sale b cannot pay for both of these.
      deal(3n, 'b', 'c', 100n),
      deal(4n, 'b', 'c', 20n),
    ];
    const of = new Map<string, Means>(
      ['a', 'b', 'c'].map((id) => [
        id,
        { capMinor: id === 'a' ? 100n : 0n, paidMinor: 0n, mandates: [{ id, leftMinor: 1_000n }] },
      ]),
    );
    const { kept, leftOut } = fit(all, of);
    expect(leftOut.map(({ seq }) => seq)).toEqual([2n, 4n, 3n]);
    expect(kept.map(({ seq }) => seq)).toEqual([1n]);
  });
});

describe('the ledger of a cycle', () => {
  const cycle = { cycleId: 'cyc_1', asset: 'USD' };

  function nettingOf(entries: readonly Entry[]): Map<string, bigint> {
    const balances = new Map<string, bigint>();
    for (const { account, side, amountMinor } of entries.flatMap(({ postings }) => postings)) {
      const name = `${account.owner} ${account.kind}`;
      balances.set(name, (balances.get(name) ?? 0n) + (side === 'credit' ? amountMinor : -amountMinor));
    }
    return balances;
  }

  it('comes to nothing on every netting account once the positions are paid', () => {
    fc.assert(
      fc.property(deals, (all) => {
        const payments = positionsOf(all).map((position) => {
          const net = netOf(position);
          const { principalId } = position;
          const payment = { ...cycle, paymentId: `npy_${principalId}`, principalId, rail: 'ach' };
          return net < 0n
            ? netInProved({ ...payment, amountMinor: -net })
            : netOutProved({ ...payment, amountMinor: net });
        });
        const balances = nettingOf([...all.map((deal) => nettingClosed({ ...cycle, ...deal })), ...payments]);
        for (const firm of FIRMS) expect(balances.get(`${firm} netting`) ?? 0n).toBe(0n);
        expect(balances.get('rail:ach unreconciled') ?? 0n).toBe(-feesOf(all));
      }),
    );
  });

  it('comes to nothing at all where every deal is undone', () => {
    fc.assert(
      fc.property(deals, (all) => {
        const entries = all.flatMap((deal) => [
          nettingClosed({ ...cycle, ...deal }),
          nettingUndone({ ...cycle, ...deal }),
        ]);
        expect([...nettingOf(entries).values()].every((balance) => balance === 0n)).toBe(true);
        expect(new Set(entries.map(({ key }) => key)).size).toBe(entries.length);
      }),
    );
  });
});

describe('transfers', () => {
  it('add up to the amount, and none is larger than the rail allows', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -5n, max: 10_000n }),
        fc.bigInt({ min: 100n, max: 5_000n }),
        (amount, max) => {
          const transfers = transfersOf(amount, max);
          expect(sum(transfers)).toBe(amount > 0n ? amount : 0n);
          expect(transfers.every((transfer) => transfer > 0n && transfer <= max)).toBe(true);
        },
      ),
    );
  });
});

describe('whether a deal is netted', () => {
  const member = { active: true, debitCapMinor: null };
  const question = {
    profileId: 'b2b_trade' as const,
    terms: { batch: true as const },
    totalMinor: 10_000n,
    sellerMarginFromSaleMinor: 0n,
    buyer: member,
    seller: member,
  };

  it.each([
    ['between two members over a batch rail', {}, true],
    ['of a profile that pays at once', { profileId: 'retail' as const }, false],
    ['over a rail that pays at once', { terms: {} }, false],
    ['whose seller is no member', { seller: undefined }, false],
    ['whose buyer has left', { buyer: { ...member, active: false } }, false],
    ['above the cap of its buyer', { buyer: { active: true, debitCapMinor: 9_999n } }, false],
    ['at the cap of its buyer', { buyer: { active: true, debitCapMinor: 10_000n } }, true],
    ['whose sale is to fund a margin', { sellerMarginFromSaleMinor: 1n }, false],
  ])('one %s', (_name, change, expected) => {
    expect(isNetted({ ...question, ...change })).toBe(expected);
  });
});
