/** Inputs of ordinary size for the benches of rules. */
import { rankAll, type SellerRecords } from '../activities/rank';
import type { ProofContext } from '../domain/clearing/proof';
import type { Compound, CompoundPart } from '../domain/compound';
import type { GateFacts } from '../domain/gate';
import { createSigner, generateKeyPair } from '../domain/keys';
import type { OfferDocument } from '../domain/market/offer';
import { createPolicyEngine } from '../domain/policies';
import { RAIL_TERMS } from '../domain/rail-terms';
import { RAILS, sha256Hex, signProof, type Instruction, type ProofStatement } from '../domain/settlement';
import type { OfferToRank } from '../store/offers';
import { aDelegation, gateFacts } from '../test/support/gate-facts';
import { anOfferDocument } from '../test/support/offer-documents';
import { aWorld, beaconDeclares, operatorsSay, requestOf, scoutDeclares } from '../test/support/policies';

const NOW = new Date('2026-04-01T12:00:00.000Z');
const at = (seconds: number) => new Date(NOW.getTime() + seconds * 1_000);
const BRANDS = ['Sony', 'Bose', 'Sennheiser', 'JBL', 'Apple'];
const FEATURES = ['wireless', 'noise_cancellation', 'multipoint', 'foldable', 'water_resistant'];

/** Everything that an offer may say, as sellers of long catalogues say it. */
export function aFullOffer(index: number): OfferDocument {
  const document = anOfferDocument({
    name: `Over-ear headphones model ${index}`,
    price: `${200 + ((index * 37) % 200)}.99`,
    taxRateBps: 825,
    attributes: {
      brand: BRANDS[index % BRANDS.length],
      features: FEATURES.slice(index % 3),
      condition: 'new',
      color: 'black',
      weight_grams: 250,
      battery_hours: 30,
      dimensions_mm: { width: 180, height: 200, depth: 80 },
    },
    certifications: ['ce_mark', 'fcc', 'rohs'],
    availability: {
      quantity_available: 45,
      quantity_max: 10,
      delivery_estimate_days: { min: 1 + (index % 3), max: 3 + (index % 5) },
      shipping_options: [
        { method: 'standard', price: '0.00', days_min: 3, days_max: 5 },
        { method: 'express', price: '14.99', days_min: 1, days_max: 2 },
      ],
      ships_to: ['US', 'CA', 'GB', 'DE', 'FR'],
      ships_from: 'US',
    },
    validUntil: at(3_600),
  });
  document.product.natural_language_description = {
    content:
      'Closed headphones with active noise cancellation for commuters, folding flat into a case. '.repeat(5),
    language: 'en',
  };
  document.product.images = Array.from({ length: 4 }, (_, n) => ({
    url: `https://shop.example.com/images/${index}/${n}.jpg`,
    type: n === 0 ? 'primary' : 'detail',
  }));
  document.terms = { returns: { window_days: 30, restocking_fee: '0.00' }, warranty: { months: 24 } };
  return document;
}

export function toRank(count: number): { rank: () => unknown } {
  const sellers: SellerRecords = new Map(
    Array.from({ length: count }, (_, n) => [`prn_${n}`, { reputation: 40 + (n % 50), pd: 0.01 }]),
  );
  const offers = Array.from({ length: count }, (_, n) => ({
    id: `ofr_${n}`,
    principalId: `prn_${n}`,
    document: aFullOffer(n),
    validUntil: at(3_600),
    createdAt: at(-n),
    cosine: (n % 100) / 100,
  })) as unknown as OfferToRank[];
  const constraints = {
    hard: {
      category: 'electronics.headphones',
      price_max: '400',
      currency: 'USD',
      quantity: 1,
      ships_to: 'US',
      in_stock: true,
      deliver_by: at(10 * 86_400)
        .toISOString()
        .slice(0, 10),
      features_required: ['wireless'],
    },
    soft: {
      price_range: { min: '150', max: '350' },
      brands: { preferred: ['Sony', 'Bose'], acceptable: ['Sennheiser'] },
      features_preferred: ['noise_cancellation', 'multipoint'],
    },
  };
  const session = { interpretation: null, asked: { constraints, preferences: {} }, maxOffers: count };
  return {
    rank() {
      const ranked = rankAll(session, offers, sellers, NOW);
      if (!ranked.some(({ rank }) => rank === 1)) throw new Error('nothing was ranked');
    },
  };
}

/** What both sides and operators laid down, at the point where most of the rules apply. */
export function aPolicyCase(): { decide: () => void } {
  const world = aWorld((made) => {
    scoutDeclares({
      max_price_usd: 5000,
      allowed_categories: ['electronics', 'home', 'clothing'],
      blocked_merchants: ['bcn_blocked'],
      require_certifications: ['ssl_verified', 'ce_mark'],
      auto_reject_below_reputation: 50,
      geographic_restrictions: { ships_from: ['US', 'CA'], ships_to: ['US'] },
      consent_boundaries: { share_purchase_history: false, allow_personalized_pricing: true },
    })(made);
    beaconDeclares({
      min_order_value_usd: 25,
      max_discount_percentage: 20,
      allowed_shipping_regions: ['US', 'CA'],
      require_scout_reputation_above: 40,
    })(made);
    for (let n = 0; n < 5; n++) {
      operatorsSay(
        `@id("rule_${n}") @reason("Not here.") forbid (principal, action, resource) when { resource.category_path.contains("forbidden_${n}") };`,
      )(made);
      const last = made.operators.at(-1);
      if (last) made.operators[n] = { ...last, name: `house_${n}` };
    }
  });
  const engine = createPolicyEngine();
  const request = requestOf('commit', world);
  return {
    decide() {
      if (!engine.decide(request).allowed) throw new Error('the policies forbid the deal');
    },
  };
}

/** A delegated agent's deal, with all six rails to choose from and policies of both sides. */
export function fullGateFacts(): GateFacts {
  return gateFacts((facts) => {
    facts.terms.authority = { kind: 'delegated', credential: aDelegation({ agent_id: 'agent_buyer' }) };
    const [rtp] = facts.rails;
    if (!rtp) throw new Error('no rail');
    facts.rails = RAILS.map((rail) => ({ ...rtp, rail, terms: RAIL_TERMS[rail], mandateRef: `mnd_${rail}` }));
    facts.pair = { undisputedDeals: 12, openDisputes: 0 };
  });
}

export function aProofCase(): ProofContext {
  const rail = createSigner(generateKeyPair().privateKeyPem, 'rtp-2026');
  const evidence = `<Document>${'<TxInfAndSts>accepted</TxInfAndSts>'.repeat(40)}</Document>`;
  const same = { commitment_hash: 'c'.repeat(64), amount_minor: '34999', asset: 'USD' };
  const instruction: Instruction = {
    type: 'aura.settlement-instruction.v1',
    instruction_id: 'ins_1',
    kind: 'pay_in',
    rail: 'rtp',
    ...same,
    debtor: { account_ref: 'acc_1', mandate_ref: 'mnd_1' },
    creditor: { account_ref: 'aura' },
    subject_id: 'txn_1',
    created_at: at(0).toISOString(),
    expires_at: at(60).toISOString(),
  };
  const statement: ProofStatement = {
    type: 'aura.settlement-proof.v1',
    rail: 'rtp',
    network: 'rtp-sandbox',
    instruction_id: 'ins_1',
    ...same,
    reference: 'REF-1',
    line: '0',
    business_date: '2026-04-01',
    finality: 'irrevocable',
    executed_at: at(5).toISOString(),
    evidence_format: 'iso20022:pacs.002.001.10',
    evidence_sha256: sha256Hex(evidence),
  };
  return {
    instruction,
    proof: signProof(statement, evidence, rail),
    railKeys: [{ keyId: 'rtp-2026', publicKey: rail.publicKey, validFrom: at(-1_000), validTo: null }],
    finalityAsked: 'confirmed',
    now: at(10),
    referenceUsed: false,
  };
}

/** Parts in layers of ten; each waits for up to three of the layer before. */
export function aCompound(count: number): Compound {
  const width = 10;
  const parts = Array.from({ length: count }, (_, n): CompoundPart => {
    const layer = Math.floor(n / width);
    const before = layer === 0 ? [] : [0, 3, 7].map((step) => (layer - 1) * width + ((n + step) % width));
    return {
      id: `part_${n}`,
      after: before.map((each) => ({ part: `part_${each}`, until: 'settled' })),
      rail: RAIL_TERMS[(['rtp', 'fednow', 'stablecoin'] as const)[n % 3] ?? 'rtp'],
      offerValidUntil: at(86_400 + n),
      settledBy: at(2 * 86_400),
    };
  });
  return { now: NOW, parts };
}
