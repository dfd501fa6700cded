/** A delegation: the principal's signed word on what its agent may commit to. */
import { canonicalJson } from '../canonical';
import { fitsAsset } from '../constraints';
import { withinCategory } from '../market/constraint-check';
import { verifySignature, type PublicKey } from '../keys';
import { parseMoney, type AssetCode } from '../money';

export interface Delegation {
  type: 'aura.delegation.v1';
  delegation_id: string;
  agent_id: string;
  /** Categories the agent may buy in; an empty list means all. */
  categories: string[];
  asset: AssetCode;
  /** Largest single deal and budget over all sellers, decimals of the asset. */
  ceiling: string;
  budget: string;
  expires_at: string;
}

export interface SignedDelegation {
  delegation: Delegation;
  /** Ed25519 by the principal's key over the canonical delegation, base64. */
  signature: string;
}

export interface DelegationUse {
  agentId: string;
  principalKey: PublicKey;
  category: string;
  asset: AssetCode;
  totalMinor: bigint;
  /** What other deals have used of this delegation's budget. */
  spentMinor: bigint;
  now: Date;
}

/** The rule that the use breaks, or undefined where the delegation covers it. */
export function delegationProblem(
  signed: SignedDelegation,
  use: DelegationUse,
): { rule: string; reason: string } | undefined {
  const { delegation, signature } = signed;
  const broken = (rule: string, reason: string) => ({ rule, reason });
  if (!verifySignature(use.principalKey, canonicalJson(delegation), signature)) {
    return broken('delegation_signature', "the delegation is not signed by the principal's key");
  }
  if (delegation.agent_id !== use.agentId)
    return broken('delegation_agent', `it names ${delegation.agent_id}`);
  if (!(use.now.getTime() < Date.parse(delegation.expires_at))) {
    return broken('delegation_expired', `it ended ${delegation.expires_at}`);
  }
  if (delegation.categories.length && !delegation.categories.some((of) => withinCategory(use.category, of))) {
    return broken('delegation_scope', `${use.category} is not in ${delegation.categories.join(', ')}`);
  }
  if (delegation.asset !== use.asset) return broken('delegation_asset', `it is for ${delegation.asset}`);
  if (exceeds(use.totalMinor, delegation.ceiling, use.asset))
    return broken('delegation_ceiling', `the ceiling is ${delegation.ceiling}`);
  if (exceeds(use.spentMinor + use.totalMinor, delegation.budget, use.asset)) {
    return broken('delegation_budget', `the budget is ${delegation.budget}`);
  }
  return undefined;
}

/** A limit that is no amount of the asset allows nothing. */
function exceeds(amountMinor: bigint, limit: string, asset: AssetCode): boolean {
  return !fitsAsset(limit, asset) || amountMinor > parseMoney(limit, asset).amountMinor;
}
