import type { AgentWithKey } from '../../store/agents';
import { buyerOf } from '../../store/buyers';
import type { Queryable } from '../../store/db';
import type { Deal } from '../../store/transactions';

/**
 * The buyer is shown to the seller from T19 on, each field only as far as consent goes. A deal that was authorised and
 * then fell through shows it no more.
 */
export async function buyerFor(db: Queryable, deal: Deal, reader: Pick<AgentWithKey, 'role'>) {
  const hidden = [null, 'risk_assessed', 'declined'] as const;
  const authorised = !hidden.some((state) => state === deal.clearingState);
  if (reader.role !== 'beacon' || !authorised) return {};
  const { consent } = deal;
  const { identity, shippingAddress } = await buyerOf(db, deal.id);
  return {
    buyer: {
      identity: {
        ...(consent.share_identity_with_merchant && { name: identity.name }),
        ...(consent.share_email_for_order_updates && identity.email && { email: identity.email }),
        ...(consent.share_phone_for_delivery && identity.phone && { phone: identity.phone }),
      },
      shipping_address: shippingAddress,
      marketing_opt_in: consent.marketing_opt_in === true,
    },
  };
}
