/** Which sellers are asked, on a real database. */
import { newId } from '../../domain/ids';
import { beaconPoliciesSchema, createPolicyEngine, scoutPoliciesSchema } from '../../domain/policies';
import { PROFILES } from '../../domain/profiles';
import { RATE_LIMITS } from '../../domain/rate-limits';
import { discoverBeacons, MAX_BEACONS, type Discovered } from '../../activities/discovery';
import { inTransaction, rows } from '../../store/db';
import { declarePolicies, insertOperatorPolicy, policiesInForce } from '../../store/policies';
import { insertRequest, lockSession, type StoredInterpretation } from '../../store/sessions';
import { describeWithDatabase } from '../support/database';
import { aBeacon, aPrincipal, aScout, aSession, type TestAgent } from '../support/factories';

const EMBEDDING = Array.from({ length: 256 }, (_, at) => (at === 0 ? 1 : 0));

describeWithDatabase('the selection of sellers', (database) => {
  const engine = createPolicyEngine();
  let scout: TestAgent;
  /** Every test trades in a category of its own, so that it meets nobody else's sellers. */
  let category: string;
  let count = 0;

  beforeEach(async () => {
    category = `test_${++count}.things`;
    scout = await aScout(database().db);
  });

  const seller = (wish: Parameters<typeof aBeacon>[1] = {}) =>
    aBeacon(database().db, { categories: [category], ...wish });

  async function declares(agent: TestAgent, policies: object, from?: Date, until?: Date): Promise<string> {
    const schema = agent.id.startsWith('sct') ? scoutPoliciesSchema : beaconPoliciesSchema;
    const id = newId('policy');
    await inTransaction(database().db, (trx) =>
      declarePolicies(trx, {
        id,
        agentId: agent.id,
        policies: schema.parse(policies),
        effectiveFrom: from,
        effectiveUntil: until ?? null,
      }),
    );
    return id;
  }

  /** Who is asked in a new session of the scout, and that they were. */
  async function ask(
    hard: StoredInterpretation['constraints']['hard'] = {},
    as: { scout?: TestAgent; wanted?: string; askedAt?: Date } = {},
  ): Promise<Discovered> {
    const { db } = database();
    const { id } = await aSession(db, { scout: as.scout ?? scout });
    const requestId = newId('request');
    const interpretation: StoredInterpretation = {
      requestId,
      category: as.wanted ?? category,
      constraints: { hard },
      context: { content: 'things', language: 'en' },
      entities: [],
      confidence: 1,
      explanation: [],
      interpreter: 'test',
    };
    return inTransaction(db, async (trx) => {
      const session = await lockSession(trx, id);
      const found = await discoverBeacons(
        trx,
        { profiles: PROFILES, policies: engine },
        session,
        interpretation,
      );
      if (found.asked.length === 0) return found;
      const projection = { request_id: requestId, session_id: id, interpreted_request: {} };
      await insertRequest(trx, {
        id: requestId,
        sessionId: id,
        projection,
        embedding: EMBEDDING,
        recipients: found.asked,
      });
      if (as.askedAt) {
        await trx('request_recipients').where({ session_id: id }).update({ asked_at: as.askedAt });
      }
      return found;
    });
  }

  const ids = ({ asked }: Discovered) => asked.map(({ beaconId }) => beaconId);
  const set = (agent: TestAgent, fields: object) =>
    database().db('agents').where({ id: agent.id }).update(fields);
  const rulesOf = ({ passedOver }: Discovered) =>
    passedOver.map(({ beacon_id, refusals }) => [beacon_id, ...refusals.map(({ rule }) => rule)]);

  it('takes who sells the category, or what lies within it or around it', async () => {
    const [exact, wider, narrower, other] = [
      await seller(),
      await seller({ categories: [category.split('.')[0] ?? ''] }),
      await seller({ categories: [`${category}.small`] }),
      await seller({ categories: [`${category}_else`] }),
    ];
    const found = await ask();
    expect(ids(found).sort()).toEqual([exact.id, wider.id, narrower.id].sort());
    expect(ids(found)).not.toContain(other.id);
    const context = new Map(found.asked.map(({ beaconId, context: told }) => [beaconId, told]));
    expect(context.get(exact.id)).toEqual({
      your_categories: [category],
      matching_reason: 'category_match',
      recommended_products: [`${category}.*`],
    });
    expect(context.get(narrower.id)).toMatchObject({
      matching_reason: 'subcategory_match',
      recommended_products: [`${category}.small.*`],
    });
  });

  it('keeps why each was asked, for those who tell it', async () => {
    const { id } = await seller();
    await ask();
    const [stored] = await rows<{ context: unknown }>(
      database().db,
      'SELECT context FROM request_recipients WHERE beacon_id = ?',
      [id],
    );
    expect(stored?.context).toMatchObject({ your_categories: [category], matching_reason: 'category_match' });
  });

  it.each<[string, (agent: TestAgent) => Promise<unknown>]>([
    ['declares capabilities without offers', (agent) => set(agent, { capabilities: ['inventory_check'] })],
    ['was rejected', (agent) => set(agent, { verification_status: 'rejected' })],
    ['is suspended', (agent) => set(agent, { status: 'suspended' })],
    ['ships elsewhere', (agent) => set(agent, { ships_to: ['CA'] })],
    [
      'is not trusted enough to clear the amount',
      (agent) => database().db('principals').where({ id: agent.principal.id }).update({ trust_level: 'L1' }),
    ],
  ])('passes over who %s', async (_who, change) => {
    const [kept, changed] = [await seller(), await seller()];
    await change(changed);
    expect(ids(await ask({ ships_to: 'US', price_max: '900', currency: 'USD' }))).toEqual([kept.id]);
  });

  it('takes who declares that it makes offers, and who waits to be vetted', async () => {
    const agent = await seller();
    await set(agent, { capabilities: ['offers', 'dynamic_pricing'], verification_status: 'pending' });
    expect(ids(await ask())).toEqual([agent.id]);
  });

  it('does not ask the buyer to sell to itself', async () => {
    await aBeacon(database().db, { categories: [category], principal: scout.principal });
    expect(ids(await ask())).toEqual([]);
  });

  it('passes over who was asked as often in the last minute as it may answer', async () => {
    const busy = await seller();
    const { db } = database();
    await ask();
    const [{ request_id } = { request_id: '' }] = await rows<{ request_id: string }>(
      db,
      'SELECT request_id FROM request_recipients WHERE beacon_id = ?',
      [busy.id],
    );
    const more = RATE_LIMITS.offers.limit - 1;
    await db.raw('ALTER TABLE request_recipients DROP CONSTRAINT request_recipients_pkey');
    await db.raw(
      `INSERT INTO request_recipients (request_id, session_id, beacon_id)
       SELECT request_id, session_id, beacon_id FROM request_recipients, generate_series(1, ${more}) WHERE request_id = ?`,
      [request_id],
    );
    expect(ids(await ask())).toEqual([]);
    await db.raw(
      `UPDATE request_recipients SET asked_at = now() - interval '61 seconds' WHERE beacon_id = ?`,
      [busy.id],
    );
    expect(ids(await ask())).toEqual([busy.id]);
  });

  it('asks in turn: over many sessions everybody is asked as often as everybody else', async () => {
    const sellers = await Promise.all(Array.from({ length: MAX_BEACONS + 13 }, () => seller()));
    const asked = new Map(sellers.map(({ id }) => [id, 0]));
    const sessions = 33;
    for (let session = 0; session < sessions; session++) {
      const found = ids(await ask());
      expect(found).toHaveLength(MAX_BEACONS);
      for (const id of found) asked.set(id, (asked.get(id) ?? 0) + 1);
    }
    const counts = [...asked.values()];
    // 33 sessions × 20 places for 33 sellers.
    expect([Math.min(...counts), Math.max(...counts)]).toEqual([20, 20]);
  }, 60_000);

  it('lets a new seller go first', async () => {
    await Promise.all(Array.from({ length: MAX_BEACONS }, () => seller()));
    await ask();
    const newcomer = await seller();
    expect(ids(await ask())[0]).toBe(newcomer.id);
  });

  it("keeps out whom the buyer's policies do not allow, and says so", async () => {
    const [kept, blocked] = [await seller(), await seller()];
    const policyId = await declares(scout, { blocked_merchants: [blocked.id] });
    const found = await ask();
    expect(ids(found)).toEqual([kept.id]);
    expect(found.passedOver).toEqual([
      {
        beacon_id: blocked.id,
        refusals: [
          {
            rule: 'blocked_merchants',
            reason: 'The buyer does not deal with this merchant.',
            policy_id: policyId,
            policy_of: 'scout',
          },
        ],
      },
    ]);
  });

  it('keeps out who does not want it, by its own policies', async () => {
    const [small, large, abroad] = [await seller(), await seller(), await seller()];
    await declares(small, { min_order_value_usd: 25 });
    await declares(large, { min_order_value_usd: 1000, require_scout_reputation_above: 99 });
    await declares(abroad, { allowed_shipping_regions: ['CA'] });
    const found = await ask({ price_max: '300', currency: 'USD', quantity: 3, ships_to: 'US' });
    expect(ids(found)).toEqual([small.id]);
    expect(rulesOf(found).sort()).toEqual(
      [
        [abroad.id, 'allowed_shipping_regions'],
        [large.id, 'min_order_value_usd', 'require_scout_reputation_above'],
      ].sort(),
    );
  });

  it('looks at reputations as the books have them', async () => {
    const [low, high] = [
      await seller(),
      await seller({ principal: await aPrincipal(database().db, { trust: 'L3' }) }),
    ];
    await declares(scout, { auto_reject_below_reputation: 65 });
    const found = await ask();
    expect(ids(found)).toEqual([high.id]);
    expect(rulesOf(found)).toEqual([[low.id, 'auto_reject_below_reputation']]);
  });

  it('finds who may serve behind many who may not', async () => {
    const blocked = await Promise.all(Array.from({ length: 60 }, () => seller()));
    const last = await seller();
    await declares(scout, { blocked_merchants: blocked.map(({ id }) => id) });
    const found = await ask();
    expect(ids(found)).toEqual([last.id]);
    expect(found.passedOver).toHaveLength(60);
  }, 60_000);

  it("obeys operators' code", async () => {
    const [one, two] = [await seller(), await seller()];
    const { db } = database();
    const operator = await aScout(db);
    const cedar = `@id("off") @reason("Off the market.") forbid (principal == Beacon::"${one.id}", action, resource);`;
    const put = (text: string | null) =>
      inTransaction(db, (trx) =>
        insertOperatorPolicy(trx, { id: newId('policy'), name: 'off', cedar: text, createdBy: operator.id }),
      );
    const { id } = await put(cedar);
    const found = await ask();
    expect(ids(found)).toEqual([two.id]);
    expect(found.passedOver[0]?.refusals[0]).toMatchObject({
      rule: 'off',
      policy_id: id,
      policy_of: 'operator',
    });
    await put(null);
    expect(ids(await ask())).toHaveLength(2);
  });

  describe('a version of policies', () => {
    const inMs = (ms: number) => new Date(Date.now() + ms);
    const inForce = async (agent: TestAgent, at?: Date) =>
      (await policiesInForce(database().db, [agent.id], at)).scout(agent.id)?.id;

    it('is not enforced before it begins, nor after it ends', async () => {
      const blocked = await seller();
      const id = await declares(scout, { blocked_merchants: [blocked.id] }, inMs(60_000), inMs(120_000));
      expect(ids(await ask())).toEqual([blocked.id]);
      expect(
        await Promise.all([0, 59_000, 61_000, 119_000, 121_000].map((ms) => inForce(scout, inMs(ms)))),
      ).toEqual([undefined, undefined, id, id, undefined]);
    });

    it('is replaced by one declared later, whatever day that one names', async () => {
      const first = await declares(scout, { max_price_usd: 1 });
      const second = await declares(scout, { max_price_usd: 2 }, new Date('2026-01-14T00:00:00Z'));
      expect([await inForce(scout), await inForce(scout, inMs(1_000))]).toEqual([second, second]);
      expect(first).not.toBe(second);
    });

    it('is interrupted by a scheduled one, and comes back when that one ends', async () => {
      const holidays = await declares(scout, { max_price_usd: 9 }, inMs(60_000), inMs(120_000));
      const always = await declares(scout, { max_price_usd: 5 });
      expect(await Promise.all([1_000, 90_000, 150_000].map((ms) => inForce(scout, inMs(ms))))).toEqual([
        always,
        holidays,
        always,
      ]);
    });

    it('is never changed', async () => {
      const id = await declares(scout, { max_price_usd: 1 });
      const { db } = database();
      await expect(db('agent_policies').where({ id }).update({ policies: '{}' })).rejects.toThrow(
        /append-only/,
      );
      await expect(db('agent_policies').where({ id }).delete()).rejects.toThrow(/append-only/);
    });
  });
});
