import {
  COST_TYPES,
  costBps,
  DEFAULT_PROFILE,
  EVALUATION_POINTS,
  findProfile,
  PROFILES,
  PROFILE_IDS,
  requiredLevels,
  type ProfileId,
} from '../../domain/profiles';

const levels = (id: ProfileId, usd: bigint) => requiredLevels(PROFILES[id], usd * 100n);

describe('market profiles', () => {
  it('are four, retail by default', () => {
    expect([...PROFILE_IDS].sort()).toEqual(['b2b_trade', 'digital_goods', 'retail', 'services']);
    expect(DEFAULT_PROFILE).toBe('retail');
    for (const id of PROFILE_IDS) expect(findProfile(id)).toMatchObject({ id, version: 1 });
    expect(findProfile('wholesale')).toBeUndefined();
    expect(findProfile('constructor')).toBeUndefined();
  });

  it.each([
    ['retail', [0, 200], 'seller', true, [15, 30], [100, 0], 'provisional'],
    ['b2b_trade', [500, 500], 'buyer', false, [30, 14], [50, 200], 'confirmed'],
    ['digital_goods', [0, 100], 'seller', true, [3, 7], [100, 0], 'provisional'],
    ['services', [100, 300], 'seller', true, [10, 14], [100, 100], 'provisional'],
  ] as const)(
    '%s has its margins, windows, fees and finality',
    (id, floors, recourse, reserve, days, bps, finality) => {
      const profile = PROFILES[id];
      expect([profile.marginFloorBps.buyer, profile.marginFloorBps.seller]).toEqual(floors);
      expect(profile.recourse).toBe(recourse);
      expect(profile.reserveFromSale).toBe(reserve);
      expect([profile.marginHalfLifeDays, profile.disputeWindowDays]).toEqual(days);
      expect([costBps(profile, 'clear', 'clearing'), costBps(profile, 'commit', 'cancellation')]).toEqual(
        bps,
      );
      expect(profile.finality).toBe(finality);
    },
  );

  it.each([
    ['retail', 'indicative firm executed'],
    ['b2b_trade', 'indicative held conditional firm executed'],
    ['digital_goods', 'indicative firm executed'],
    ['services', 'indicative held firm executed'],
  ] as const)('%s commits along %s', (id, path) => {
    expect(PROFILES[id].commitmentPath.join(' ')).toBe(path);
  });

  it.each([
    ['retail', 'L0'],
    ['b2b_trade', 'L1'],
    ['digital_goods', 'L0'],
    ['services', 'L0'],
  ] as const)('%s is open to %s', (id, level) => {
    expect(PROFILES[id].trust.browse).toEqual({ level });
  });

  it('of retail asks the payer for L1 from 1,000 USD', () => {
    expect(levels('retail', 999n)).toEqual({ payer: 'L0', receiver: 'L2' });
    expect(requiredLevels(PROFILES.retail, 99_999n).payer).toBe('L0');
    expect(requiredLevels(PROFILES.retail, 100_000n).payer).toBe('L1');
    expect(levels('retail', 1_000_000n)).toEqual({ payer: 'L1', receiver: 'L2' });
  });

  it('of b2b_trade asks both sides for L3 above 50,000 USD', () => {
    expect(levels('b2b_trade', 1n)).toEqual({ payer: 'L2', receiver: 'L2' });
    expect(levels('b2b_trade', 50_000n)).toEqual({ payer: 'L2', receiver: 'L2' });
    expect(requiredLevels(PROFILES.b2b_trade, 5_000_001n)).toEqual({ payer: 'L3', receiver: 'L3' });
  });

  it('of digital_goods and services ask the same on every total', () => {
    for (const usd of [1n, 50_001n, 10_000_000n]) {
      expect(levels('digital_goods', usd)).toEqual({ payer: 'L0', receiver: 'L2' });
      expect(levels('services', usd)).toEqual({ payer: 'L1', receiver: 'L2' });
    }
  });

  it('have six evaluation points with seven cost types each; what is not said is free', () => {
    expect(EVALUATION_POINTS).toHaveLength(6);
    expect(COST_TYPES).toHaveLength(7);
    for (const id of PROFILE_IDS) {
      const charged = EVALUATION_POINTS.flatMap((point) =>
        COST_TYPES.filter((cost) => costBps(PROFILES[id], point, cost) > 0).map((cost) => `${point}/${cost}`),
      );
      const paysToCancel = id === 'b2b_trade' || id === 'services';
      expect(charged).toEqual(paysToCancel ? ['commit/cancellation', 'clear/clearing'] : ['clear/clearing']);
    }
  });
});
