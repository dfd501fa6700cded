/** Payment capabilities over HTTP: every field, whose they are, and what bad ones get. */
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { describeOnServer } from '../support/on-server';
import { register1, type Client1 } from '../support/version1-client';

jest.setTimeout(60_000);

const SCOUTS = {
  supported_methods: [
    { type: 'x402', facilitators: ['stripe', 'square'], currencies: ['USD', 'EUR', 'GBP'] },
    { type: 'card', networks: ['visa', 'mastercard', 'amex'], tokenization_provider: 'stripe' },
    { type: 'bank_transfer', regions: ['US'], networks: ['ach'] },
    { type: 'crypto', currencies: ['USDC', 'USDT'], networks: ['ethereum', 'polygon'] },
  ],
  preferred_method: 'x402',
  default_currency: 'USD',
};
const BEACONS = {
  accepted_methods: [
    { type: 'x402', facilitators: ['stripe'], currencies: ['USD', 'EUR'] },
    { type: 'card', networks: ['visa', 'mastercard', 'amex', 'discover'], processor: 'stripe' },
  ],
  preferred_method: 'x402',
  settlement_currency: 'USD',
  payout_schedule: 'daily',
};

describeOnServer('payment capabilities', () => {
  let env: TestEnvironment;
  let scout: Client1;
  let beacon: Client1;
  beforeAll(async () => {
    env = await testEnvironment();
    [scout, beacon] = await Promise.all([
      register1(env.platform.apiUrl, 'scout', { payment_capabilities: SCOUTS }),
      register1(env.platform.apiUrl, 'beacon', { payment_capabilities: BEACONS }),
    ]);
  }, 180_000);
  afterAll(() => env?.stop(), 60_000);

  const pathOf = ({ id }: { id: string }) =>
    `/v1/agents/${id.startsWith('sct_') ? 'scouts' : 'beacons'}/${id}/payment-capabilities`;
  const put = (agent: Client1, capabilities: unknown) =>
    agent.send('PUT', pathOf(agent), { payment_capabilities: capabilities });
  const get = (agent: Client1) => agent.send('GET', pathOf(agent));

  it('are taken at registration, with every field of the protocol', async () => {
    expect(await get(scout)).toMatchObject({
      status: 200,
      json: { scout_id: scout.id, payment_capabilities: SCOUTS, updated_at: expect.any(String) as string },
    });
    expect(await get(beacon)).toMatchObject({
      status: 200,
      json: { beacon_id: beacon.id, payment_capabilities: BEACONS },
    });
  });

  it('are null before they were declared', async () => {
    const silent = await register1(env.platform.apiUrl, 'scout');
    expect((await get(silent)).json).toEqual({
      scout_id: silent.id,
      payment_capabilities: null,
      updated_at: null,
    });
  });

  it('hold as declared last, and every version is kept; the same again is none', async () => {
    const agent = await register1(env.platform.apiUrl, 'scout', { payment_capabilities: SCOUTS });
    const cards = { supported_methods: [{ type: 'card' }] };
    expect((await put(agent, cards)).json.payment_capabilities).toEqual(cards);
    expect((await put(agent, cards)).status).toBe(200);
    expect((await get(agent)).json.payment_capabilities).toEqual(cards);
    const versions = await env.db('payment_capabilities').where({ agent_id: agent.id }).orderBy('seq');
    expect(versions).toHaveLength(2);
  });

  it('set the schedule on which the beacon is paid out, and show the one that holds', async () => {
    await put(beacon, { ...BEACONS, payout_schedule: 'weekly' });
    expect(await env.db('agents').where({ id: beacon.id }).first('payout_schedule')).toEqual({
      payout_schedule: 'weekly',
    });
    const path = `/v1/beacons/${beacon.id}/payout-schedule`;
    await beacon.send('PUT', path, { payout_schedule: 'daily' });
    expect((await get(beacon)).json.payment_capabilities).toMatchObject({ payout_schedule: 'daily' });
  });

  it('are nobody else’s business', async () => {
    const others = await Promise.all([
      register1(env.platform.apiUrl, 'scout'),
      register1(env.platform.apiUrl, 'beacon'),
    ]);
    for (const other of others) {
      for (const owner of [scout, beacon]) {
        const sameRole = other.id.slice(0, 3) === owner.id.slice(0, 3);
        const expected = sameRole ? 404 : 403;
        expect((await other.send('GET', pathOf(owner))).status).toBe(expected);
        const changed = await other.send('PUT', pathOf(owner), {
          payment_capabilities: sameRole && owner === scout ? SCOUTS : BEACONS,
        });
        expect(changed.status).toBe(expected);
      }
    }
  });

  it('understand 2.2’s names of rails', async () => {
    const rails = { supported_methods: [{ type: 'rtp' }, { type: 'stablecoin' }], preferred_method: 'rtp' };
    expect((await put(scout, rails)).json.payment_capabilities).toEqual(rails);
  });

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'payment_capabilities'],
    ['no methods', {}, 'payment_capabilities.supported_methods'],
    ['an empty list', { supported_methods: [] }, 'payment_capabilities.supported_methods'],
    [
      'an unknown method',
      { supported_methods: [{ type: 'cheque' }] },
      'payment_capabilities.supported_methods.0.type',
    ],
    [
      'a currency that is none',
      { supported_methods: [{ type: 'x402', currencies: ['XYZW'] }] },
      'payment_capabilities.supported_methods.0.currencies.0',
    ],
    [
      'a token’s symbol that is none',
      { supported_methods: [{ type: 'crypto', currencies: ['usd coin'] }] },
      'payment_capabilities.supported_methods.0.currencies.0',
    ],
    [
      'a facilitator without a name',
      { supported_methods: [{ type: 'x402', facilitators: [''] }] },
      'payment_capabilities.supported_methods.0.facilitators.0',
    ],
    [
      'a network that is none',
      { supported_methods: [{ type: 'card', networks: ['a b'] }] },
      'payment_capabilities.supported_methods.0.networks.0',
    ],
    [
      'a region that is none',
      { supported_methods: [{ type: 'bank_transfer', regions: ['USA'] }] },
      'payment_capabilities.supported_methods.0.regions.0',
    ],
    [
      'a preference that is not among the methods',
      { supported_methods: [{ type: 'card' }], preferred_method: 'x402' },
      'payment_capabilities.preferred_method',
    ],
    [
      'a preferred network that is not among the methods',
      { supported_methods: [{ type: 'bank_transfer', networks: ['ach'] }], preferred_method: 'rtp' },
      'payment_capabilities.preferred_method',
    ],
    [
      'a default currency that is none',
      { supported_methods: [{ type: 'card' }], default_currency: 'DOLLARS' },
      'payment_capabilities.default_currency',
    ],
    [
      'more methods than anybody has',
      { supported_methods: Array(21).fill({ type: 'card' }) },
      'payment_capabilities.supported_methods',
    ],
  ])('refuse %s, and change nothing', async (_what, capabilities, field) => {
    const before = (await get(scout)).json;
    const refused = await put(scout, capabilities);
    expect(refused).toMatchObject({ status: 400, json: { error: { details: { field } } } });
    expect((await get(scout)).json).toEqual(before);
  });

  it.each<[string, unknown, string]>([
    [
      'a settlement currency that is none',
      { settlement_currency: 'DOLLARS' },
      'payment_capabilities.settlement_currency',
    ],
    ['a schedule that is none', { payout_schedule: 'hourly' }, 'payment_capabilities.payout_schedule'],
    ['a preference out of the list', { preferred_method: 'crypto' }, 'payment_capabilities.preferred_method'],
  ])('refuse a beacon’s %s', async (_what, change, field) => {
    const refused = await put(beacon, { ...BEACONS, ...(change as object) });
    expect(refused).toMatchObject({ status: 400, json: { error: { details: { field } } } });
  });

  it('are checked at registration too', async () => {
    const capabilities = { supported_methods: [{ type: 'card' }], preferred_method: 'x402' };
    await expect(
      register1(env.platform.apiUrl, 'scout', { payment_capabilities: capabilities }),
    ).rejects.toThrow(/preferred_method/);
  });

  it('give principals of version 1 accounts at the sandbox', async () => {
    const principal = env.db('agents').where({ id: scout.id }).select('principal_id');
    const accounts = (await env.db('payment_accounts').whereIn('principal_id', principal)) as {
      rail: string;
    }[];
    expect(accounts.map(({ rail }) => rail).sort()).toEqual(['ach', 'fednow', 'rtp', 'stablecoin', 'x402']);
  });
});
