/** Disputes that AURA opens itself: a deadline passed, or a rail took a settlement back. */
import type { DisputeReason, Remedy } from '../domain/clearing/disputes';
import type { Trx } from '../store/db';
import { openDispute as open } from '../store/disputes';
import type { Deal } from '../store/transactions';
import type { ActivityDeps } from './deps';

export { hasOpenDispute } from '../store/disputes';

export interface OwnDispute {
  side: 'aura';
  filedBy?: 'aura';
  reason: DisputeReason;
  description: string;
  /** By default money back, except where a rail has taken it back already. */
  remedyAsked?: Remedy;
}

/**
 * Takes the locked deal to `disputed` in the caller's transaction and answers the dispute's id: the one that is open
 * already where there is one, null where the deal's state takes none. The caller's workflow starts `dispute` under it.
 */
export async function openDispute(
  trx: Trx,
  { profiles }: Pick<ActivityDeps, 'profiles'>,
  deal: Deal,
  { side, reason, description, remedyAsked }: OwnDispute,
): Promise<string | null> {
  const dispute = await open(trx, {
    deal,
    side,
    reason,
    description,
    remedy: remedyAsked,
    profile: profiles[deal.profileId],
  });
  return dispute?.id ?? null;
}
