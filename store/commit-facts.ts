/** Reads what the gate decides on, inside the commit's transaction and after its rows are locked. */
import type { PartyFacts } from '../domain/gate';
import { TRUSTED_PAIR_DEALS, type PairHistory } from '../domain/clearing/risk';
import type { RailOption } from '../domain/clearing/rail-choice';
import type { RailTerms } from '../domain/rail-terms';
import { isPegged } from '../domain/par';
import { RAILS, type RailName } from '../domain/settlement';
import { rows, type Queryable, type Trx } from './db';
import type { Principal } from './principals';
import { railsOutOfUse } from './rail-health';
import { reputations } from './reputation';

interface PartyRow {
  agentId: string;
  agentStatus: string;
  capacity: string | null;
  agentExposure: string;
  principalExposureUsd: string;
  rollingUsd: string;
  collateral: string;
  canFundCall: boolean;
}

/** Facts of both parties, in the order asked. */
export async function partyFacts(
  trx: Trx,
  parties: readonly { agentId: string; principal: Principal }[],
  asset: string,
): Promise<PartyFacts[]> {
  const partyRows = rows<PartyRow>(
    trx,
    `SELECT a.id AS "agentId", a.status AS "agentStatus",
       (SELECT c.capacity_minor FROM agent_capacities c WHERE c.agent_id = a.id AND c.asset = :asset) AS capacity,
       (SELECT coalesce(sum(x.amount_minor), 0) FROM exposures x
        WHERE x.agent_id = a.id AND x.asset = :asset AND x.released_at IS NULL) AS "agentExposure",
       (SELECT coalesce(sum(x.usd_minor), 0) FROM exposures x
        WHERE x.principal_id = a.principal_id AND x.released_at IS NULL) AS "principalExposureUsd",
       (SELECT coalesce(sum(x.usd_minor), 0) FROM exposures x
        WHERE x.principal_id = a.principal_id AND x.created_at > now() - interval '24 hours') AS "rollingUsd",
       (SELECT coalesce(max(b.balance_minor), 0) FROM accounts b
        WHERE b.owner = a.principal_id AND b.kind = 'collateral' AND b.asset = :asset) AS collateral,
       EXISTS (SELECT 1 FROM payment_accounts pa WHERE pa.principal_id = a.principal_id AND pa.asset = :asset)
         AS "canFundCall"
     FROM agents a WHERE a.id = ANY(:agents)`,
    { asset, agents: parties.map(({ agentId }) => agentId) },
  );
  const ids = parties.map(({ principal }) => principal.id);
  const [found, reputation] = await Promise.all([partyRows, reputations(trx, ids)]);
  return parties.map(({ agentId, principal }) => {
    const row = found.find((candidate) => candidate.agentId === agentId);
    if (!row) throw new Error(`no agent ${agentId}`);
    return {
      principalId: principal.id,
      agentId,
      principalActive: principal.status === 'active',
      agentActive: row.agentStatus === 'active',
      trust: principal.trustLevel,
      reputation: reputation.get(principal.id) ?? 0,
      rolling24hUsdMinor: BigInt(row.rollingUsd),
      agentCapacityMinor: row.capacity === null ? null : BigInt(row.capacity),
      agentExposureMinor: BigInt(row.agentExposure),
      principalExposureUsdMinor: BigInt(row.principalExposureUsd),
      freeCollateralMinor: BigInt(row.collateral),
      canFundCall: row.canFundCall,
    };
  });
}

type AllRailTerms = Readonly<Record<RailName, RailTerms>>;

/**
 * Every rail that carries the asset, with what the two sides bring to it. A named mandate is the only one at its rail;
 * without `fallback` it is the only one at all. What the payer agreed to for one commit is there for that one only.
 */
export async function railOptions(
  trx: Queryable,
  railTerms: AllRailTerms,
  deal: {
    buyerPrincipalId: string;
    sellerPrincipalId: string;
    asset: string;
    mandateId?: string;
    fallback: boolean;
  },
): Promise<RailOption[]> {
  const mandatesThere = rows<{ id: string; rail: RailName; left: string; exact: boolean }>(
    trx,
    `SELECT DISTINCT ON (rail) id, rail, ceiling_minor - used_minor AS left, payer_authorization IS NOT NULL AS exact
     FROM mandates
     WHERE principal_id = :buyer AND asset = :asset AND status = 'accepted' AND expires_at > now()
       AND (:mandate::text IS NULL OR id = :mandate OR :fallback)
       AND NOT (payer_authorization IS NOT NULL AND (used_minor > 0 OR id IS DISTINCT FROM :mandate))
       AND NOT (for_commit AND id IS DISTINCT FROM :mandate)
     ORDER BY rail, id IS NOT DISTINCT FROM :mandate DESC, ceiling_minor - used_minor DESC`,
    {
      buyer: deal.buyerPrincipalId,
      asset: deal.asset,
      mandate: deal.mandateId ?? null,
      fallback: deal.fallback,
    },
  );
  const accountsThere = rows<{ rail: RailName }>(
    trx,
    'SELECT DISTINCT rail FROM payment_accounts WHERE principal_id = ? AND asset = ?',
    [deal.sellerPrincipalId, deal.asset],
  );
  const [mandates, seller, outOfUse] = await Promise.all([mandatesThere, accountsThere, railsOutOfUse(trx)]);
  const isRun = (rail: RailName) => outOfUse.get(rail) !== 'not_run';
  const payable = seller.some(({ rail }) => railTerms[rail].paysOut && isRun(rail));
  return RAILS.map((rail) => {
    const terms = railTerms[rail];
    const mandate = mandates.find((candidate) => candidate.rail === rail);
    return {
      rail,
      terms,
      operated: isRun(rail),
      healthy: outOfUse.get(rail) !== 'down',
      // A rail that cannot pay out (cards) needs only another one over which the seller is paid.
      sellerAccepts: terms.paysOut ? seller.some((account) => account.rail === rail) : payable,
      mandateLeftMinor: mandate ? BigInt(mandate.left) : null,
      mandateIsExact: mandate?.exact ?? false,
      mandateRef: mandate?.id ?? null,
    };
  });
}

/** Undisputed deals are counted as far as they matter. */
export async function pairHistory(trx: Trx, buyer: string, seller: string): Promise<PairHistory> {
  const [found] = await rows<{ undisputed: string; open: string }>(
    trx,
    `SELECT (
       SELECT count(*) FROM (
         SELECT 1 FROM transactions t JOIN sessions s ON s.id = t.session_id
         WHERE t.buyer_principal_id = :buyer AND t.seller_principal_id = :seller
           AND t.created_at > now() - interval '180 days' AND s.market_state = 'completed'
           AND NOT EXISTS (SELECT 1 FROM state_history h WHERE h.session_id = s.id AND h.to_state = 'disputed')
         ORDER BY t.created_at DESC LIMIT ${TRUSTED_PAIR_DEALS}
       ) newest
     ) AS undisputed, (
       SELECT count(*) FROM sessions s JOIN transactions t ON t.session_id = s.id
       WHERE s.principal_id = :buyer AND s.market_state = 'disputed' AND t.seller_principal_id = :seller
     ) AS open`,
    { buyer, seller },
  );
  return { undisputedDeals: Number(found?.undisputed ?? 0), openDisputes: Number(found?.open ?? 0) };
}

/** USD per unit of the asset on the newest day stored, if that day is not older than a week. USD itself is 1. */
export async function usdPerUnit(db: Queryable, asset: string): Promise<string | undefined> {
  if (asset === 'USD' || isPegged(asset)) return '1';
  const [found] = await rows<{ rate: string }>(
    db,
    `SELECT usd_per_unit AS rate FROM usd_rates WHERE asset = ? AND business_date > current_date - 7
     ORDER BY business_date DESC LIMIT 1`,
    [asset],
  );
  return found?.rate;
}

/** What open and finished deals used of a delegation's budget, minor units. */
export async function delegationSpent(trx: Trx, delegationId: string): Promise<bigint> {
  const [found] = await rows<{ spent: string }>(
    trx,
    `SELECT coalesce(sum(total_minor), 0) AS spent FROM transactions t JOIN sessions s ON s.id = t.session_id
     WHERE t.delegation_id = ? AND s.market_state NOT IN ('failed', 'cancelled')`,
    [delegationId],
  );
  return BigInt(found?.spent ?? 0);
}
