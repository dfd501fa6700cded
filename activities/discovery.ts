/** Which sellers are asked in a session. */
import { usdMinor } from '../domain/clearing/exposure';
import { exponentOf } from '../domain/money';
import {
  beaconContext,
  ceilingMinorOf,
  refusalDetails,
  type BeaconContext,
  type PolicyRefusal,
} from '../domain/policies';
import { levelFor } from '../domain/profiles';
import { RATE_LIMITS } from '../domain/rate-limits';
import { atLeast, maxTrust, TRUST_LEVELS } from '../domain/trust';
import { databaseNow } from '../store/clock';
import { usdPerUnit } from '../store/commit-facts';
import type { Trx } from '../store/db';
import { policiesInForce } from '../store/policies';
import { beaconSubject, scoutSubject } from '../store/policy-facts';
import { findPrincipal } from '../store/principals';
import { reputations } from '../store/reputation';
import {
  matchBeacons,
  type BeaconCandidate,
  type BeaconWant,
  type Session,
  type StoredInterpretation,
} from '../store/sessions';
import type { ActivityDeps } from './deps';

export const MAX_BEACONS = 20;
/** Looked at in one go: enough for nearly every session. */
const PAGE = 50;
/** Policies may turn down whole pages; after so many a session has looked far enough. */
const PAGES_MAX = 8;
/** Of one seller in the audit record. */
const REASONS_KEPT = 3;

export interface PassedOver {
  beacon_id: string;
  refusals: ReturnType<typeof refusalDetails>[];
}

export interface Discovered {
  asked: { beaconId: string; context: BeaconContext }[];
  /** Sellers that a policy kept out, with the reasons, for the audit record. */
  passedOver: PassedOver[];
}

/** The sellers whose turn it is, of those that can serve the session and that no policy keeps out. */
export async function discoverBeacons(
  trx: Trx,
  deps: Pick<ActivityDeps, 'profiles' | 'policies'>,
  session: Session,
  interpretation: StoredInterpretation,
): Promise<Discovered> {
  const want = await wanted(trx, deps, session, interpretation);
  const found: Discovered = { asked: [], passedOver: [] };
  const seen = new Set<string>();
  for (let page = 0; page < PAGES_MAX && found.asked.length < MAX_BEACONS; page++) {
    const candidates = await matchBeacons(trx, { ...want, limit: PAGE, offset: page * PAGE });
    const fresh = candidates.filter(({ id }) => !seen.has(id));
    fresh.forEach(({ id }) => seen.add(id));
    await choose(trx, deps, session, interpretation, fresh, found);
    if (candidates.length < PAGE) break;
  }
  return found;
}

async function wanted(
  trx: Trx,
  { profiles }: Pick<ActivityDeps, 'profiles'>,
  session: Session,
  { category, constraints }: StoredInterpretation,
): Promise<Omit<BeaconWant, 'limit'>> {
  const profile = profiles[session.profileId];
  const { price_max, currency = 'USD', quantity = 1, ships_to } = constraints.hard ?? {};
  const rate = price_max === undefined ? undefined : await usdPerUnit(trx, currency);
  const most =
    price_max === undefined || rate === undefined
      ? 0n
      : usdMinor({
          amountMinor: ceilingMinorOf(price_max, currency) * BigInt(quantity),
          exponent: exponentOf(currency),
          usdPerUnit: rate,
        });
  const level = maxTrust(profile.trust.browse.level, levelFor(profile.trust.clear, most));
  return {
    category,
    shipsTo: ships_to,
    levels: TRUST_LEVELS.filter((held) => atLeast(held, level)),
    notPrincipal: session.principalId,
    askedPerMinuteMax: RATE_LIMITS.offers.limit,
  };
}

/** Takes candidates in their order until enough are asked. */
async function choose(
  trx: Trx,
  { policies }: Pick<ActivityDeps, 'policies'>,
  session: Session,
  { category, constraints }: StoredInterpretation,
  candidates: readonly BeaconCandidate[],
  found: Discovered,
): Promise<void> {
  const inForce = await policiesInForce(trx, [session.scoutId, ...candidates.map(({ id }) => id)]);
  const refusalsOf = inForce.none ? () => [] : await judge();
  for (const candidate of candidates) {
    if (found.asked.length === MAX_BEACONS) return;
    const refusals = refusalsOf(candidate);
    if (refusals.length === 0) {
      const context = beaconContext(category, candidate.categories);
      found.asked.push({ beaconId: candidate.id, context });
    } else {
      const kept = refusals.slice(0, REASONS_KEPT).map(refusalDetails);
      found.passedOver.push({ beacon_id: candidate.id, refusals: kept });
    }
  }

  async function judge(): Promise<(candidate: BeaconCandidate) => readonly PolicyRefusal[]> {
    const { scoutId, principalId } = session;
    const points = await reputations(trx, [principalId, ...candidates.map((each) => each.principalId)]);
    const buyer = await findPrincipal(trx, principalId);
    if (!buyer) throw new Error(`no principal ${principalId}`);
    const facts = {
      point: 'matching' as const,
      now: await databaseNow(trx),
      scout: scoutSubject({ id: scoutId, principalId, trust: buyer.trustLevel }, inForce, points),
      session: {
        id: session.id,
        profileId: session.profileId,
        category,
        constraints,
        usdPerUnit: await usdPerUnit(trx, constraints.hard?.currency ?? 'USD'),
      },
      operators: inForce.operators,
    };
    return (candidate) =>
      policies.decide({ ...facts, beacon: beaconSubject(candidate, inForce, points) }).refusals;
  }
}
