/** Plans of compound deals: an order that can be kept, times that are exact, and no plan where there is none. */
import fc from 'fast-check';
import { planCompound, settleMs, waitMs, type CompoundPart, type CompoundPlan } from '../../domain/compound';
import { RAIL_TERMS } from '../../domain/rail-terms';

const NOW = new Date('2026-04-01T12:00:00.000Z');
const HOUR_MS = 3_600_000;
const FOREVER = new Date('2100-01-01T00:00:00.000Z');
const { rtp, stablecoin, ach } = RAIL_TERMS;

const part = (id: string, after: string[] = [], wish: Partial<CompoundPart> = {}): CompoundPart => ({
  id,
  after: after.map((each) => ({ part: each, until: 'settled' as const })),
  rail: rtp,
  offerValidUntil: new Date(NOW.getTime() + 24 * HOUR_MS),
  ...wish,
});

function planOf(parts: readonly CompoundPart[]): CompoundPlan {
  const result = planCompound({ now: NOW, parts });
  if ('problem' in result) throw new Error(JSON.stringify(result.problem));
  return result.plan;
}

const problemOf = (...parts: CompoundPart[]) => {
  const result = planCompound({ now: NOW, parts });
  return 'problem' in result ? result.problem : undefined;
};

describe('a plan', () => {
  it('commits what is waited for first, and says by when', () => {
    const flight = part('flight');
    const hotel = part('hotel', ['flight'], { offerValidUntil: new Date(NOW.getTime() + HOUR_MS) });
    const tour = part('tour', ['hotel']);
    const { order, beginBy, settledAt, criticalPath } = planOf([tour, hotel, flight]);
    expect(order.map(({ id }) => id)).toEqual(['flight', 'hotel', 'tour']);
    expect(criticalPath).toEqual(['flight', 'hotel', 'tour']);
    expect(settledAt.getTime()).toBe(NOW.getTime() + 3 * settleMs(rtp));
    // The hotel's offer lapses first, and the flight has to be settled before it.
    expect(beginBy.getTime()).toBe(NOW.getTime() + HOUR_MS - 1 - settleMs(rtp));
    expect(order[0]?.latest).toEqual(beginBy);
  });

  it('takes the part that can wait least where several could go', () => {
    const soon = part('z_soon', [], { offerValidUntil: new Date(NOW.getTime() + HOUR_MS) });
    expect(planOf([part('a'), soon, part('b')]).order.map(({ id }) => id)).toEqual(['z_soon', 'a', 'b']);
  });

  it('waits until a payment can no longer be taken back where that is asked', () => {
    const paid = part('paid', [], { rail: ach });
    const after = { after: [{ part: 'paid', until: 'final' as const }], offerValidUntil: FOREVER };
    const { order } = planOf([paid, part('next', [], after)]);
    expect(order[1]?.earliest.getTime()).toBe(NOW.getTime() + waitMs(ach, 'final'));
    expect(waitMs(ach, 'final') - waitMs(ach, 'settled')).toBe(60 * 24 * HOUR_MS);
  });
});

describe('no plan', () => {
  it.each<[string, CompoundPart[], object]>([
    ['without parts', [], { rule: 'no_parts' }],
    [
      'for too many',
      Array.from({ length: 201 }, (_, n) => part(`p${n}`)),
      { rule: 'too_many_parts', max: 200 },
    ],
    ['for two of one name', [part('a'), part('a')], { rule: 'duplicate_part', part: 'a' }],
    ['that waits for what is not there', [part('a', ['b'])], { rule: 'unknown_part', part: 'a', after: 'b' }],
    ['that waits for itself', [part('a', ['a'])], { rule: 'cycle', parts: ['a'] }],
  ])('is made %s', (_what, parts, problem) => {
    expect(problemOf(...parts)).toEqual(problem);
  });

  it('is made where an offer lapses before what it waits for is settled', () => {
    const hotel = part('hotel', ['flight'], { offerValidUntil: new Date(NOW.getTime() + settleMs(rtp)) });
    expect(problemOf(part('flight'), hotel)).toEqual({ rule: 'too_late', part: 'flight', byMs: 1 });
  });

  it('is made where something has to be settled sooner than its rail may take', () => {
    const settledBy = new Date(NOW.getTime() + settleMs(stablecoin) - 5);
    expect(problemOf(part('a', [], { rail: stablecoin, settledBy }))).toEqual({
      rule: 'too_late',
      part: 'a',
      byMs: 5,
    });
  });
});

/** Parts that wait only for ones before them, in an order that says nothing. */
const compounds = fc
  .array(
    fc.record({
      rail: fc.constantFrom(...Object.values(RAIL_TERMS)),
      validMs: fc.integer({ min: 1, max: 400 * 24 * HOUR_MS }),
      settledMs: fc.option(fc.integer({ min: 1, max: 400 * 24 * HOUR_MS }), { nil: undefined }),
      links: fc.array(fc.tuple(fc.nat(), fc.constantFrom('settled' as const, 'final' as const)), {
        maxLength: 3,
      }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((wishes) =>
    wishes.map<CompoundPart>(({ rail, validMs, settledMs, links }, index) => ({
      id: `part_${index}`,
      rail,
      offerValidUntil: new Date(NOW.getTime() + validMs),
      settledBy: settledMs === undefined ? undefined : new Date(NOW.getTime() + settledMs),
      after: index === 0 ? [] : links.map(([to, until]) => ({ part: `part_${to % index}`, until })),
    })),
  )
  .chain((parts) => fc.shuffledSubarray(parts, { minLength: parts.length }));

/** Whether all comes about when each part is committed at this time: what the times of a plan have to mean. */
function comesAbout(parts: readonly CompoundPart[], committedAt: ReadonlyMap<string, number>): boolean {
  const time = (id: string) => committedAt.get(id) ?? NaN;
  return parts.every(({ id, after, rail, offerValidUntil, settledBy }) => {
    const ready = after.every(({ part: other, until }) => {
      const waited = parts.find((each) => each.id === other);
      return waited !== undefined && time(id) >= time(other) + waitMs(waited.rail, until);
    });
    const inTime = settledBy === undefined || time(id) + settleMs(rail) <= settledBy.getTime();
    return ready && inTime && time(id) >= NOW.getTime() && time(id) < offerValidUntil.getTime();
  });
}

describe('laws of plans', () => {
  it('holds at its earliest and at its latest times, and not later', () => {
    fc.assert(
      fc.property(compounds, (parts) => {
        const result = planCompound({ now: NOW, parts });
        if ('problem' in result) return result.problem.rule === 'too_late';
        const { order, beginBy } = result.plan;
        const times = (of: (planned: (typeof order)[number]) => number) =>
          new Map(order.map((planned) => [planned.id, of(planned)]));
        const delayMs = beginBy.getTime() - NOW.getTime();
        expect(
          comesAbout(
            parts,
            times(({ earliest }) => earliest.getTime()),
          ),
        ).toBe(true);
        expect(
          comesAbout(
            parts,
            times(({ latest }) => latest.getTime()),
          ),
        ).toBe(true);
        expect(
          comesAbout(
            parts,
            times(({ earliest }) => earliest.getTime() + delayMs),
          ),
        ).toBe(true);
        expect(
          comesAbout(
            parts,
            times(({ earliest }) => earliest.getTime() + delayMs + 1),
          ),
        ).toBe(false);
        return true;
      }),
    );
  });

  it('refuses only what cannot come about: not even everything as early as it may', () => {
    fc.assert(
      fc.property(compounds, (parts) => {
        const result = planCompound({ now: NOW, parts });
        if (!('problem' in result)) return;
        const unbounded = parts.map((each) => ({ ...each, offerValidUntil: FOREVER, settledBy: undefined }));
        const earliest = planOf(unbounded).order.map(
          ({ id, earliest: time }) => [id, time.getTime()] as const,
        );
        expect(comesAbout(parts, new Map(earliest))).toBe(false);
      }),
    );
  });

  it('names the same order whatever order the parts came in, and every part once', () => {
    fc.assert(
      fc.property(compounds, fc.nat(), (parts, turn) => {
        const at = turn % parts.length;
        const turned = [...parts.slice(at), ...parts.slice(0, at)];
        const result = planCompound({ now: NOW, parts });
        const again = planCompound({ now: NOW, parts: turned });
        if ('problem' in result) return expect('problem' in again).toBe(true);
        expect('plan' in again && again.plan.order).toEqual(result.plan.order);
        const ids = result.plan.order.map(({ id }) => id);
        expect(ids.toSorted()).toEqual(parts.map(({ id }) => id).toSorted());
        for (const { id, after } of parts)
          for (const { part: other } of after) expect(ids.indexOf(other)).toBeLessThan(ids.indexOf(id));
      }),
    );
  });

  it('names a true cycle where there is one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), compounds, (length, others) => {
        const ring = Array.from({ length }, (_, index) =>
          part(`ring_${index}`, [`ring_${(index + 1) % length}`]),
        );
        const problem = problemOf(...others, ...ring);
        expect(problem?.rule).toBe('cycle');
        const found = problem?.rule === 'cycle' ? problem.parts : [];
        expect(found).toHaveLength(length);
        found.forEach((id, index) => {
          const next = found[(index + 1) % length];
          expect(ring.find((each) => each.id === id)?.after[0]?.part).toBe(next);
        });
      }),
    );
  });
});
