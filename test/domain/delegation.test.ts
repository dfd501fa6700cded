import { canonicalJson } from '../../domain/canonical';
import { delegationProblem, type Delegation, type DelegationUse } from '../../domain/clearing/delegation';
import { createSigner, generateKeyPair } from '../../domain/keys';

const NOW = new Date('2026-04-01T12:00:00.000Z');
const principal = createSigner(generateKeyPair().privateKeyPem, 'principal');
const stranger = createSigner(generateKeyPair().privateKeyPem, 'stranger');

const delegation = (wish: Partial<Delegation> = {}): Delegation => ({
  type: 'aura.delegation.v1',
  delegation_id: 'dlg_1',
  agent_id: 'sct_1',
  categories: ['electronics.headphones'],
  asset: 'USD',
  ceiling: '400.00',
  budget: '1000.00',
  expires_at: '2026-04-02T12:00:00.000Z',
  ...wish,
});
const use = (wish: Partial<DelegationUse> = {}): DelegationUse => ({
  agentId: 'sct_1',
  principalKey: principal.publicKey,
  category: 'electronics.headphones.over_ear',
  asset: 'USD',
  totalMinor: 40_000n,
  spentMinor: 60_000n,
  now: NOW,
  ...wish,
});
function ruleBroken(wish: Partial<Delegation>, deal: Partial<DelegationUse> = {}, signer = principal) {
  const given = delegation(wish);
  const signed = { delegation: given, signature: signer.sign(canonicalJson(given)) };
  return delegationProblem(signed, use(deal))?.rule;
}

describe('a delegation', () => {
  it('covers a deal at the very edge of everything', () => {
    expect(ruleBroken({})).toBeUndefined();
    expect(ruleBroken({}, { now: new Date('2026-04-02T11:59:59.999Z') })).toBeUndefined();
    expect(ruleBroken({ categories: [] }, { category: 'travel.flights' })).toBeUndefined();
    expect(ruleBroken({ categories: ['travel', 'electronics'] })).toBeUndefined();
  });

  it.each<[string, Partial<Delegation>, Partial<DelegationUse>]>([
    ['delegation_agent', { agent_id: 'sct_2' }, {}],
    ['delegation_agent', {}, { agentId: 'sct_2' }],
    ['delegation_expired', { expires_at: NOW.toISOString() }, {}],
    ['delegation_expired', {}, { now: new Date('2026-04-02T12:00:00.000Z') }],
    ['delegation_expired', { expires_at: 'never' }, {}],
    ['delegation_scope', { categories: ['electronics.head'] }, {}],
    ['delegation_scope', {}, { category: 'electronics' }],
    ['delegation_asset', {}, { asset: 'EUR' }],
    ['delegation_ceiling', { ceiling: '399.99' }, {}],
    ['delegation_ceiling', {}, { totalMinor: 40_001n, spentMinor: 0n }],
    ['delegation_ceiling', { ceiling: 'plenty' }, {}],
    ['delegation_ceiling', { ceiling: '400.001' }, {}],
    ['delegation_ceiling', { ceiling: '-1.00' }, {}],
    ['delegation_budget', { budget: '999.99' }, {}],
    ['delegation_budget', {}, { spentMinor: 60_001n }],
    ['delegation_budget', { budget: '1e9' }, {}],
  ])('does not cover a deal that breaks %s: %j %j', (rule, wish, deal) => {
    expect(ruleBroken(wish, deal)).toBe(rule);
  });

  it('is signed by the principal, over every word of it', () => {
    expect(ruleBroken({}, {}, stranger)).toBe('delegation_signature');
    expect(ruleBroken({}, { principalKey: stranger.publicKey })).toBe('delegation_signature');
    const given = delegation();
    const signature = principal.sign(canonicalJson(given));
    const changes: Partial<Delegation>[] = [
      { delegation_id: 'dlg_2' },
      { agent_id: 'sct_2' },
      { categories: [] },
      { asset: 'EUR' },
      { ceiling: '500.00' },
      { budget: '2000.00' },
      { expires_at: '2027-01-01T00:00:00.000Z' },
    ];
    for (const change of changes) {
      const problem = delegationProblem({ delegation: { ...given, ...change }, signature }, use());
      expect(problem?.rule).toBe('delegation_signature');
    }
    const reason = delegationProblem({ delegation: given, signature: 'AAAA' }, use())?.reason;
    expect(reason).toMatch(/not signed/);
  });
});
