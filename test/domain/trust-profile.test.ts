import { PROFILE_IDS, PROFILES, requiredLevels } from '../../domain/profiles';
import { atLeast, TRUST_LEVELS, type TrustLevel } from '../../domain/trust';
import { trustProfile } from '../../domain/trust-profile';

const abilities = (level: TrustLevel) => trustProfile(level, []).profiles;

describe('a trust profile', () => {
  it('tells which credential gave which level, and until when', () => {
    const granted = {
      kind: 'w3c_vc',
      issuerId: 'did:example:registry',
      level: 'L2' as const,
      validUntil: '2027-04-01T00:00:00Z',
      summary: 'OrganisationCredential',
    };
    expect(trustProfile('L2', [granted])).toMatchObject({
      level: 'L2',
      credentials: [
        {
          kind: 'w3c_vc',
          issuer: 'did:example:registry',
          level: 'L2',
          valid_until: '2027-04-01T00:00:00Z',
          summary: 'OrganisationCredential',
        },
      ],
    });
  });

  it.each<[TrustLevel, string, string[], string[]]>([
    ['L0', 'retail', ['browse', 'commit below 1000 USD'], ['commit from 1000 USD', 'clear']],
    ['L1', 'retail', ['browse', 'commit below 1000 USD', 'commit from 1000 USD'], ['clear']],
    ['L0', 'digital_goods', ['browse', 'commit'], ['clear']],
    ['L1', 'services', ['browse', 'commit'], ['clear']],
    ['L2', 'services', ['browse', 'commit', 'clear'], []],
    [
      'L2',
      'b2b_trade',
      ['browse', 'commit up to 50000 USD', 'clear up to 50000 USD'],
      ['commit above 50000 USD', 'clear above 50000 USD'],
    ],
  ])('of %s in %s allows %j and not %j', (level, profile, may, mayNot) => {
    expect(abilities(level)[profile]).toEqual({ may, may_not: mayNot });
  });

  it('allows L3 everything, and each level at least what the one below may', () => {
    for (const id of PROFILE_IDS) {
      expect(abilities('L3')[id]?.may_not).toEqual([]);
      const allowed = TRUST_LEVELS.map((level) => abilities(level)[id]?.may ?? []);
      allowed.slice(1).forEach((now, at) => expect(now).toEqual(expect.arrayContaining(allowed[at] ?? [])));
    }
  });

  it('promises a payer no commitment that the gate refuses, and the other way round', () => {
    for (const id of PROFILE_IDS) {
      for (const level of TRUST_LEVELS) {
        const highest = requiredLevels(PROFILES[id], 10n ** 12n).payer;
        const refused = (abilities(level)[id]?.may_not ?? []).some((name) => name.startsWith('commit'));
        expect([id, level, refused]).toEqual([id, level, !atLeast(level, highest)]);
      }
    }
  });
});
