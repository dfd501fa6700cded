/** A deal's way into a netting cycle. */
import { isNetted } from '../domain/netting';
import type { Trx } from '../store/db';
import { insertNettedDeal, membershipsOf, openCycle } from '../store/netting';
import type { Deal } from '../store/transactions';
import type { ActivityDeps } from './deps';

/** The open cycle that the deal is in from here on; undefined where it is paid by itself. */
export async function joinNetting(
  trx: Trx,
  { railTerms }: Pick<ActivityDeps, 'railTerms'>,
  deal: Deal,
  sellerMarginFromSaleMinor: bigint,
): Promise<string | undefined> {
  const { rail, asset, profileId, totalMinor } = deal;
  const terms = railTerms[rail];
  if (!terms.batch) return undefined;
  const principalIds = [deal.buyerPrincipalId, deal.sellerPrincipalId];
  const members = await membershipsOf(trx, { principalIds, rail, asset });
  const member = (id: string) => members.find(({ principalId }) => principalId === id);
  const [buyer, seller] = principalIds.map(member);
  if (!isNetted({ profileId, terms, totalMinor, sellerMarginFromSaleMinor, buyer, seller })) return undefined;
  const cycleId = await openCycle(trx, { rail, asset });
  await insertNettedDeal(trx, { transactionId: deal.id, cycleId });
  return cycleId;
}
