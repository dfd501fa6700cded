/** Policies over HTTP: declared, shown, and enforced when a session opens, when offers come, and at the commit. */
import { readFileSync } from 'node:fs';
import { rows } from '../../store/db';
import type { OfferDocument } from '../../domain/market/offer';
import type { AuraApiError } from '../../sdk';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import {
  anOffer,
  createMarket,
  INTENT,
  type Market,
  type TestBuyer,
  type TestSeller,
} from '../support/market';
import { describeOnServer } from '../support/on-server';
import { send, signerOf, type RawAnswer } from '../support/raw-request';

jest.setTimeout(120_000);

const SCOUT_EXAMPLE = {
  max_price_usd: 5000,
  allowed_categories: ['electronics', 'home', 'clothing'],
  blocked_merchants: ['bcn_blocked123...'],
  require_certifications: ['ssl_verified'],
  auto_reject_below_reputation: 50,
  geographic_restrictions: { ships_from: ['US', 'CA', 'GB'], ships_to: ['US'] },
  consent_boundaries: {
    share_behavioral_data: true,
    share_purchase_history: false,
    allow_personalized_pricing: true,
  },
};

const BEACON_EXAMPLE = {
  min_order_value_usd: 25,
  max_discount_percentage: 30,
  allowed_shipping_regions: ['US', 'CA'],
  require_scout_reputation_above: 40,
  inventory_reserve_percentage: 10,
  pricing_boundaries: {
    allow_dynamic_pricing: true,
    max_price_variation_percentage: 15.5,
    honor_competitor_pricing: false,
  },
  fulfillment_constraints: { max_delivery_days: 7, require_signature: false, insurance_threshold_usd: 500 },
};

describeOnServer('policies', () => {
  let env: TestEnvironment;
  let market: Market;
  let buyer: TestBuyer;
  let seller: TestSeller;

  beforeAll(async () => {
    env = await testEnvironment();
    market = createMarket(env);
  });
  beforeEach(async () => {
    [buyer, seller] = await Promise.all([market.aBuyer(), market.aSeller()]);
  });
  afterAll(() => env?.stop());

  type Client = Parameters<typeof signerOf>[0];
  const ask = (client: Client, method: string, path: string, body?: unknown) =>
    send(env.http.baseUrl, { method, path, body, signer: signerOf(client) });
  const pathOf = ({ agentId }: Client) =>
    `/v1/agents/${agentId.startsWith('sct') ? 'scouts' : 'beacons'}/${agentId}/policies`;

  async function declare(client: Client, policies: object, period: object = {}): Promise<string> {
    const { status, json, text } = await ask(client, 'PUT', pathOf(client), { policies, ...period });
    if (status !== 200) throw new Error(text);
    return String(json.policy_id);
  }

  const rule = (condition: string, point: string) =>
    `@id("house_rule") @reason("The house does not have it.")\nforbid (principal, action == Action::"${point}", resource) when { ${condition} };`;
  const put = (name: string, cedar: unknown) => ask(env.operator, 'PUT', `/v1/policies/${name}`, { cedar });

  const auditOf = (subject: string, action: string) =>
    rows<{ detail: Record<string, unknown> }>(
      env.db,
      'SELECT detail FROM audit WHERE subject = ? AND action = ? ORDER BY at',
      [subject, action],
    );
  const eventsOf = (correlationId: string, type: string) =>
    rows<{ payload: Record<string, unknown> }>(
      env.db,
      'SELECT payload FROM outbox WHERE correlation_id = ? AND type = ? ORDER BY seq',
      [correlationId, type],
    );
  const refusalOf = (work: Promise<unknown>) =>
    work.then(
      () => {
        throw new Error('nothing was refused');
      },
      (error: AuraApiError) => error,
    );

  describe('declared', () => {
    it.each([
      ['scout', () => buyer.scout, SCOUT_EXAMPLE],
      ['beacon', () => seller.beacon, BEACON_EXAMPLE],
    ] as const)(
      "takes protocol 1.0.0's example of a %s and shows it again",
      async (_role, client, example) => {
        const period = { effective_from: '2026-01-14T00:00:00Z', effective_until: null };
        const put = await ask(client(), 'PUT', pathOf(client()), { policies: example, ...period });
        expect([put.status, put.json]).toEqual([
          200,
          {
            policy_id: expect.stringMatching(/^pol_/) as string,
            agent_id: client().agentId,
            status: 'active',
            effective_from: '2026-01-14T00:00:00.000Z',
            effective_until: null,
            validated_at: expect.any(String) as string,
          },
        ]);
        const shown = await ask(client(), 'GET', pathOf(client()));
        expect(shown.json).toEqual({ ...put.json, policies: example, scheduled: [] });
        const [told] = await eventsOf(client().agentId, 'agent.policy_updated');
        expect(told?.payload).toMatchObject({ agent_id: client().agentId, policy_id: put.json.policy_id });
        expect(await auditOf(client().agentId, 'agent.policy_updated')).toHaveLength(1);
      },
    );

    it("takes 2.2's constraints, tolerates unknown fields and does not echo them", async () => {
      const constraints = { hard: { category: 'electronics', price_max: '400.00', currency: 'USD' } };
      await declare(buyer.scout, { constraints, mood: 'good' }, { extensions: { a: 1 }, weather: 'fair' });
      const { json } = await ask(buyer.scout, 'GET', pathOf(buyer.scout));
      expect(json.policies).toEqual({ constraints });
    });

    it('shows what is scheduled, and keeps what is in force', async () => {
      const now = await declare(buyer.scout, { max_price_usd: 10 });
      const from = new Date(Date.now() + 3_600_000).toISOString();
      const later = await ask(buyer.scout, 'PUT', pathOf(buyer.scout), {
        policies: { max_price_usd: 20 },
        effective_from: from,
      });
      expect(later.json.status).toBe('scheduled');
      const { json } = await ask(buyer.scout, 'GET', pathOf(buyer.scout));
      expect(json).toMatchObject({
        policy_id: now,
        policies: { max_price_usd: 10 },
        scheduled: [
          { policy_id: later.json.policy_id, effective_from: from, policies: { max_price_usd: 20 } },
        ],
      });
    });

    it.each<[string, object, string, string]>([
      ['no policies', {}, 'INVALID_REQUEST', 'policies'],
      [
        'a price of too many digits',
        { policies: { max_price_usd: 1.005 } },
        'INVALID_PARAMETER',
        'policies.max_price_usd',
      ],
      [
        'a negative price',
        { policies: { max_price_usd: -1 } },
        'INVALID_PARAMETER',
        'policies.max_price_usd',
      ],
      [
        'a reputation above 100',
        { policies: { auto_reject_below_reputation: 101 } },
        'INVALID_PARAMETER',
        'policies.auto_reject_below_reputation',
      ],
      [
        'a country that does not exist',
        { policies: { geographic_restrictions: { ships_to: ['XX'] } } },
        'INVALID_PARAMETER',
        'policies.geographic_restrictions.ships_to.0',
      ],
      [
        'a boundary that is not a boolean',
        { policies: { consent_boundaries: { share_purchase_history: 'no' } } },
        'INVALID_REQUEST',
        'policies.consent_boundaries.share_purchase_history',
      ],
      [
        'a day that is none',
        { policies: {}, effective_from: 'tomorrow' },
        'INVALID_PARAMETER',
        'effective_from',
      ],
      [
        'an end that has passed',
        { policies: {}, effective_until: '2026-01-01T00:00:00Z' },
        'INVALID_PARAMETER',
        'effective_until',
      ],
    ])('refuses %s, with the field', async (_what, body, code, field) => {
      const { status, json } = await ask(buyer.scout, 'PUT', pathOf(buyer.scout), body);
      expect([status, json.error?.code, json.error?.details.field]).toEqual([400, code, field]);
      expect(json.error?.details.reason).toEqual(expect.any(String));
      expect((await ask(buyer.scout, 'GET', pathOf(buyer.scout))).status).toBe(404);
    });

    it('are the own ones only', async () => {
      const other = await market.aBuyer();
      await declare(other.scout, { max_price_usd: 10 });
      for (const [client, path] of [
        [buyer.scout, pathOf(other.scout)],
        [seller.beacon, pathOf(other.scout)],
        [buyer.scout, pathOf(seller.beacon)],
      ] as const) {
        const answers = [await ask(client, 'GET', path), await ask(client, 'PUT', path, { policies: {} })];
        for (const { status, json } of answers) {
          expect([403, 404]).toContain(status);
          expect(json).not.toHaveProperty('policies');
        }
      }
      expect((await ask(env.operator, 'GET', pathOf(other.scout))).status).toBe(200);
    });
  });

  describe('at matching', () => {
    it('a beacon that policies keep out is not asked, and the audit record says why', async () => {
      const blocked = await market.aSeller();
      const policyId = await declare(buyer.scout, { blocked_merchants: [blocked.beacon.agentId] });
      const { sessionId } = await market.rankedSession(
        buyer,
        [
          [seller, [anOffer()]],
          [blocked, []],
        ].slice(0, 1) as [TestSeller, OfferDocument[]][],
      );
      await env.db.raw(`UPDATE agents SET categories = '{electronics}' WHERE id = ?`, [
        blocked.beacon.agentId,
      ]);
      const again = await buyer.scout.openSession({ intent: INTENT, offerTimeoutSeconds: 10 });
      const [opened] = await auditOf(again.session_id, 'session.opened');
      expect(opened?.detail).toMatchObject({
        beacons: [seller.beacon.agentId],
        passed_over: [
          {
            beacon_id: blocked.beacon.agentId,
            refusals: [expect.objectContaining({ rule: 'blocked_merchants', policy_id: policyId }) as object],
          },
        ],
      });
      expect(await blocked.beacon.openRequests(0)).toEqual([]);
      expect(sessionId).not.toBe(again.session_id);
    });

    it('a session that nobody may serve fails', async () => {
      await declare(buyer.scout, { allowed_categories: ['garden'] });
      const error = await refusalOf(buyer.scout.openSession({ intent: INTENT }));
      expect([error.status, error.code]).toEqual([422, 'NO_MATCHING_BEACONS']);
      expect(error.details).toMatchObject({ kept_out_by_policies: expect.any(Number) as number });
    });
  });

  describe('at the submission of offers', () => {
    async function openSession(): Promise<string> {
      await env.db.raw(
        `UPDATE agents SET categories = CASE WHEN id = ? THEN '{electronics}'::text[] ELSE '{}' END`,
        [seller.beacon.agentId],
      );
      return (await buyer.scout.openSession({ intent: INTENT, offerTimeoutSeconds: 10 })).session_id;
    }

    it('one offer above the maximum refuses the whole body, and nothing but the record is stored', async () => {
      const policyId = await declare(buyer.scout, { max_price_usd: 300 });
      const sessionId = await openSession();
      const offers = [anOffer({ price: '299.00' }), anOffer({ price: '301.00' })];
      const error = await refusalOf(seller.beacon.submitOffers(sessionId, offers));
      expect([error.status, error.code]).toEqual([403, 'BUSINESS_RULE_VIOLATION']);
      expect(error.details).toMatchObject({
        step: 'policy',
        field: 'offers.1',
        rule: 'max_price_usd',
        reason: expect.stringContaining('above the most') as string,
        policy_id: policyId,
        policy_of: 'scout',
      });
      expect(await rows(env.db, 'SELECT 1 FROM offers WHERE session_id = ?', [sessionId])).toEqual([]);
      const [record] = await auditOf(sessionId, 'offer.forbidden');
      expect(record?.detail).toMatchObject({
        policies: [policyId],
        offers: [{ allowed: true }, { allowed: false, refusals: [{ rule: 'max_price_usd' }] }],
      });
      const [violated] = await eventsOf(sessionId, 'policy.violated');
      expect(violated?.payload).toMatchObject({
        agent_id: seller.beacon.agentId,
        session_id: sessionId,
        rule: 'max_price_usd',
        policy_id: policyId,
      });
      expect(await eventsOf(sessionId, 'offer.rejected')).toHaveLength(1);
      // The seller may think again.
      await seller.beacon.submitOffers(sessionId, [anOffer({ price: '299.00' })]);
      const [permitted] = await auditOf(sessionId, 'offer.permitted');
      expect(permitted?.detail).toMatchObject({ policies: [policyId], offers: [{ allowed: true }] });
    });

    it('a beacon keeps to its own discounts, and reads every rule it broke', async () => {
      const policyId = await declare(seller.beacon, {
        max_discount_percentage: 10,
        fulfillment_constraints: { max_delivery_days: 2 },
      });
      const sessionId = await openSession();
      const offer = anOffer({ price: '349.99' });
      offer.pricing.list_price = '399.99';
      const error = await refusalOf(seller.beacon.submitOffers(sessionId, [offer]));
      expect(error.details.violations).toEqual([
        expect.objectContaining({
          rule: 'max_discount_percentage',
          policy_id: policyId,
          policy_of: 'beacon',
        }),
        expect.objectContaining({ rule: 'fulfillment_constraints.max_delivery_days' }),
      ]);
    });

    it('a buyer without a price of its own is not charged more than others', async () => {
      const sessionOfOther = await openSession();
      await seller.beacon.submitOffers(sessionOfOther, [anOffer({ price: '300.00', productId: 'same' })]);
      buyer = await market.aBuyer();
      await declare(buyer.scout, { consent_boundaries: { allow_personalized_pricing: false } });
      const sessionId = await openSession();
      const dear = anOffer({ price: '310.00', productId: 'same' });
      const error = await refusalOf(seller.beacon.submitOffers(sessionId, [dear]));
      expect(error.details.rule).toBe('consent_boundaries.allow_personalized_pricing');
      await seller.beacon.submitOffers(sessionId, [anOffer({ price: '300.00', productId: 'same' })]);
    });
  });

  describe('at the commit', () => {
    const commit = (sessionId: string, offerId: string, more: Parameters<Market['commitment']>[2] = {}) =>
      refusalOf(buyer.scout.commit(sessionId, market.commitment(buyer, offerId, more)));

    it('step 2 of the gate knows what came into force since', async () => {
      const { sessionId, offers } = await market.rankedSession(buyer, [[seller, [anOffer()]]]);
      const policyId = await declare(buyer.scout, { max_price_usd: 300 });
      const offerId = offers[0]?.offer_id ?? '';
      const error = await commit(sessionId, offerId);
      expect([error.status, error.code]).toEqual([403, 'BUSINESS_RULE_VIOLATION']);
      expect(error.details).toMatchObject({
        step: 'business_rules',
        rule: 'max_price_usd',
        policy_id: policyId,
      });
      expect(await rows(env.db, 'SELECT 1 FROM transactions WHERE session_id = ?', [sessionId])).toEqual([]);
      const [record] = await auditOf(sessionId, 'commit.refused');
      expect(record?.detail.details).toMatchObject({ rule: 'max_price_usd', policy_id: policyId });
      const [violated] = await eventsOf(sessionId, 'policy.violated');
      expect(violated?.payload).toMatchObject({ agent_id: buyer.scout.agentId, offer_id: offerId });
      // Within a policy that allows it, the deal is made; the record says which one that was.
      const wider = await declare(buyer.scout, { max_price_usd: 400 });
      const { transaction_id } = await buyer.scout.commit(sessionId, market.commitment(buyer, offerId));
      const [passed] = await auditOf(transaction_id, 'commit.passed');
      expect(JSON.stringify(passed?.detail)).toContain(wider);
    });

    it('consent goes no further than its boundaries', async () => {
      await declare(buyer.scout, { consent_boundaries: { marketing_opt_in: false } });
      const { sessionId, offers } = await market.rankedSession(buyer, [[seller, [anOffer()]]]);
      const offerId = offers[0]?.offer_id ?? '';
      const error = await commit(sessionId, offerId, { consent: { marketing: true } });
      expect(error.details.rule).toBe('consent_boundaries');
      await buyer.scout.commit(
        sessionId,
        market.commitment(buyer, offerId, { consent: { marketing: false } }),
      );
    });

    it('the seller sets its smallest order and where it sends to', async () => {
      await declare(seller.beacon, { min_order_value_usd: 400, allowed_shipping_regions: ['US'] });
      const { sessionId, offers } = await market.rankedSession(buyer, [[seller, [anOffer()]]]);
      const offerId = offers[0]?.offer_id ?? '';
      expect((await commit(sessionId, offerId)).details.rule).toBe('min_order_value_usd');
      const address = { line1: '1 Main St', city: 'Toronto', postal_code: 'M5H', country: 'CA' };
      const error = await commit(sessionId, offerId, { quantity: 2, shippingAddress: address });
      expect(error.details.rule).toBe('allowed_shipping_regions');
    });

    it("operators' code is in force until it is withdrawn", async () => {
      const { sessionId, offers } = await market.rankedSession(buyer, [[seller, [anOffer()]]]);
      const offerId = offers[0]?.offer_id ?? '';
      const written = await put('cap', rule('context.deal.quantity > 1', 'commit'));
      expect(written.status).toBe(200);
      const error = await commit(sessionId, offerId, { quantity: 2 });
      expect(error.details).toMatchObject({
        rule: 'house_rule',
        reason: 'The house does not have it.',
        policy_id: written.json.policy_id,
        policy_of: 'operator',
      });
      expect((await ask(env.operator, 'DELETE', '/v1/policies/cap')).status).toBe(200);
      await buyer.scout.commit(sessionId, market.commitment(buyer, offerId, { quantity: 2 }));
    });
  });

  describe("operators' code", () => {
    it('is versioned and audited', async () => {
      const first = await put('quiet', rule('resource.profile == "none"', 'offer'));
      const second = await put('quiet', rule('resource.profile == "nothing"', 'matching'));
      expect(second.json).toMatchObject({
        name: 'quiet',
        version: 2,
        status: 'active',
        rules: [{ id: 'house_rule', reason: 'The house does not have it.', points: ['matching'] }],
        versions: [
          { version: 2, status: 'active' },
          { version: 1, status: 'superseded', policy_id: first.json.policy_id },
        ],
      });
      const list = await ask(env.operator, 'GET', '/v1/policies');
      expect(list.json.policies).toEqual([expect.objectContaining({ policy_id: second.json.policy_id })]);
      expect(list.json.schema).toContain('entity Beacon');
      const withdrawn = await ask(env.operator, 'DELETE', '/v1/policies/quiet');
      expect(withdrawn.json).toMatchObject({ version: 3, status: 'withdrawn', cedar: null, rules: [] });
      expect((await ask(env.operator, 'DELETE', '/v1/policies/quiet')).json.version).toBe(3);
      expect((await ask(env.operator, 'GET', '/v1/policies')).json.policies).toEqual([]);
      expect((await ask(env.operator, 'GET', '/v1/policies/quiet')).json).toMatchObject({
        status: 'withdrawn',
      });
      expect(await auditOf(String(second.json.policy_id), 'policy.put_in_force')).toHaveLength(1);
      expect(await auditOf(String(withdrawn.json.policy_id), 'policy.withdrawn')).toHaveLength(1);
    });

    it('that is not valid is refused with its line and reason, and changes nothing', async () => {
      const answer = await put(
        'broken',
        `${rule('true', 'offer')}\n${rule('principal.turnover > 5', 'offer')}`,
      );
      expect([answer.status, answer.json.error?.code]).toEqual([400, 'INVALID_PARAMETER']);
      expect(answer.json.error?.details).toMatchObject({ field: 'cedar', line: 3 });
      expect(answer.json.error?.details.problems).toContainEqual({
        line: 4,
        reason: expect.stringContaining('turnover') as string,
      });
      expect((await ask(env.operator, 'GET', '/v1/policies/broken')).status).toBe(404);
    });

    it('is for operators alone, under a name that is one', async () => {
      const allowed = rule('true', 'offer');
      const answers: RawAnswer[] = [
        await ask(buyer.scout, 'PUT', '/v1/policies/mine', { cedar: allowed }),
        await ask(seller.beacon, 'GET', '/v1/policies'),
        await put('Not%20A%20Name', allowed),
        await put('empty', ''),
        await ask(env.operator, 'DELETE', '/v1/policies/never'),
      ];
      expect(answers.map(({ status }) => status)).toEqual([403, 403, 400, 400, 404]);
    });

    it('of the documentation is valid', async () => {
      const page = readFileSync('docs/policies.md', 'utf8');
      const [, example = ''] = /```cedar\n([\s\S]*?)```/.exec(page) ?? [];
      expect((await put('example', example)).json.rules).toHaveLength(2);
      await ask(env.operator, 'DELETE', '/v1/policies/example');
    });
  });
});
