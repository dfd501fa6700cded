/** What a policy decision looks at on both sides of a session. */
import type { BeaconSubject, ScoutSubject } from '../domain/policies';
import type { TrustLevel } from '../domain/trust';
import { rows, type Queryable } from './db';
import type { PoliciesInForce } from './policies';
import { reputations } from './reputation';
import type { BeaconCandidate } from './sessions';

interface PartyRow extends BeaconCandidate {
  role: 'scout' | 'beacon';
}

/** The scout of a session and one beacon, with what is in force of each. */
export async function policySubjects(
  db: Queryable,
  { scoutId, beaconId }: { scoutId: string; beaconId: string },
  inForce: PoliciesInForce,
): Promise<{ scout: ScoutSubject; beacon: BeaconSubject }> {
  const parties = await rows<PartyRow>(
    db,
    `SELECT a.id, a.role, a.principal_id AS "principalId", p.trust_level AS trust, a.categories,
       a.ships_to AS "shipsTo", a.capabilities, a.merchant_domain AS "merchantDomain",
       a.verification_status AS "verificationStatus", a.webhook_url AS "webhookUrl"
     FROM agents a JOIN principals p ON p.id = a.principal_id WHERE a.id = ANY(?)`,
    [[scoutId, beaconId]],
  );
  const [scout, beacon] = [scoutId, beaconId].map((wanted) => parties.find(({ id }) => id === wanted));
  if (!scout || !beacon) throw new Error(`no agent ${scout ? beaconId : scoutId}`);
  const points = await reputations(db, [scout.principalId, beacon.principalId]);
  return { scout: scoutSubject(scout, inForce, points), beacon: beaconSubject(beacon, inForce, points) };
}

export function scoutSubject(
  { id, principalId, trust }: { id: string; principalId: string; trust: TrustLevel },
  inForce: PoliciesInForce,
  points: ReadonlyMap<string, number>,
): ScoutSubject {
  return { id, trust, reputation: points.get(principalId) ?? 0, declared: inForce.scout(id) };
}

export function beaconSubject(
  candidate: BeaconCandidate,
  inForce: PoliciesInForce,
  points: ReadonlyMap<string, number>,
): BeaconSubject {
  return {
    ...candidate,
    reputation: points.get(candidate.principalId) ?? 0,
    declared: inForce.beacon(candidate.id),
  };
}

/**
 * The lowest price in minor units that this beacon offered a product for to others than this scout within the last day;
 * undefined where it did not.
 */
export async function lowestPriceToOthers(
  db: Queryable,
  offer: { beaconId: string; scoutId: string; productId: string; asset: string },
): Promise<bigint | undefined> {
  const [found] = await rows<{ lowest: string | null }>(
    db,
    `SELECT min(o.unit_price_minor) AS lowest FROM offers o JOIN sessions s ON s.id = o.session_id
     WHERE o.beacon_id = :beaconId AND o.document->'product'->>'product_id' = :productId AND o.asset = :asset
       AND o.created_at > now() - interval '1 day' AND s.scout_id <> :scoutId`,
    offer,
  );
  return found?.lowest ? BigInt(found.lowest) : undefined;
}
