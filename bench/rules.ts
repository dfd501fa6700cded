/**
 * The rules that every deal goes through, one call at a time on inputs of ordinary size. A rule without a target of its
 * own is held against the strictest that there is for rules, the policy engine's.
 */
import { canonicalJson } from '../domain/canonical';
import { checkProof } from '../domain/clearing/proof';
import { assessRisk, reversalClass, worstReversal, type PartyRecord } from '../domain/clearing/risk';
import { planCompound } from '../domain/compound';
import { runGate } from '../domain/gate';
import { RAIL_TERMS } from '../domain/rail-terms';
import { TRUST_LEVELS } from '../domain/trust';
import type { Bench } from './harness';
import { aCompound, aFullOffer, aPolicyCase, aProofCase, fullGateFacts, toRank } from './rule-inputs';
import { againstTarget, type Targeted } from './target';

const RULE_TARGET_MS = 10;
const PLAN_TARGET_MS = 100;
const OFFERS = 50;
const PARTS = 50;

export const rules: Bench = {
  name: 'rules',
  title: 'Rules, one call at a time',
  async run(context) {
    const figures = [];
    for (const rule of measured()) figures.push(...(await againstTarget(context, rule)));
    return figures;
  },
};

function measured(): Targeted[] {
  const tenTimes = { targetMs: RULE_TARGET_MS, times: 10 };
  const policyCase = aPolicyCase();
  const ranking = toRank(OFFERS);
  const facts = fullGateFacts();
  const proof = aProofCase();
  const offer = aFullOffer(0);
  const compound = aCompound(PARTS);
  return [
    {
      name: 'policy',
      title: 'Policy decision at commit, both sides and operators',
      ...tenTimes,
      calls: 1_000,
      call: policyCase.decide,
    },
    { name: 'ranking', title: `Ranking of ${OFFERS} offers`, ...tenTimes, calls: 1_000, call: ranking.rank },
    {
      name: 'gate',
      title: 'Gate of six steps',
      ...tenTimes,
      calls: 2_000,
      call: () => must(runGate(facts).passed),
    },
    { name: 'risk', title: 'Risk of a deal', ...tenTimes, calls: 5_000, call: riskOf },
    {
      name: 'proof',
      title: 'Five checks of a proof, with its signature',
      ...tenTimes,
      calls: 2_000,
      call: () => must(checkProof(proof).accepted),
    },
    {
      name: 'canonical_json',
      title: 'Canonical JSON of a full offer',
      ...tenTimes,
      calls: 5_000,
      call: () => canonicalJson(offer),
    },
    {
      name: 'plan',
      title: `Plan of a compound deal of ${PARTS} parts`,
      targetMs: PLAN_TARGET_MS,
      times: 2,
      calls: 500,
      call: () => must('plan' in planCompound(compound)),
    },
  ];
}

function must(held: boolean): void {
  if (!held) throw new Error('a rule refused what it should let through');
}

const RECORDS: PartyRecord[] = TRUST_LEVELS.map((trust, index) => ({ trust, reputation: 20 * index }));
const REVERSALS = Object.entries(RAIL_TERMS).map(([rail, { finality }]) => reversalClass(finality, rail));

function riskOf(index: number) {
  const [buyer, seller] = [index, index + 1].map((at) => RECORDS[at % RECORDS.length] as PartyRecord);
  return assessRisk({
    buyer: buyer as PartyRecord,
    seller: seller as PartyRecord,
    pair: { undisputedDeals: index % 20, openDisputes: index % 3 },
    reversal: worstReversal(REVERSALS),
  });
}
