import type { AgentWithKey } from '../../store/agents';
import type { Deal } from '../../store/transactions';

/**
 * The buyer is shown to the seller from T19 on, each field only as far as consent goes. A deal that was authorised and
 * then fell through shows it no more.
 */
export function buyerFor(deal: Deal, reader: Pick<AgentWithKey, 'role'>) {
  const hidden = [null, 'risk_assessed', 'declined'] as const;
  const authorised = !hidden.some((state) => state === deal.clearingState);
  if (reader.role !== 'beacon' || !authorised) return {};
  const { consent, buyerIdentity } = deal;
  return {
    buyer: {
      identity: {
        ...(consent.share_identity_with_merchant && { name: buyerIdentity.name }),
        ...(consent.share_email_for_order_updates && buyerIdentity.email && { email: buyerIdentity.email }),
        ...(consent.share_phone_for_delivery && buyerIdentity.phone && { phone: buyerIdentity.phone }),
      },
      shipping_address: deal.shippingAddress,
      marketing_opt_in: consent.marketing_opt_in === true,
    },
  };
}
