/** The order of a deal, as far as both versions show it alike. */
import { estimatedDelivery } from '../../domain/market/delivery';
import type { Fulfilment } from '../../store/fulfilments';
import type { OrderOfDeal } from '../../store/orders';
import type { Deal } from '../../store/transactions';

/** How the goods travel, by the offer and the seller's reports. */
export function shippingView(deal: Deal, { offer }: OrderOfDeal, reports: readonly Fulfilment[]) {
  const shipped = reports.find(({ status }) => status === 'shipped');
  const delivered = reports.find(({ status }) => status === 'delivered');
  const said = (field: string) =>
    [...reports]
      .reverse()
      .map(({ evidence }) => evidence[field])
      .find((value) => typeof value === 'string');
  const trackingNumber = said('tracking_number');
  const carrier = said('carrier');
  return {
    method: deal.shippingMethod,
    estimated_delivery: estimatedDelivery(offer, deal.shippingMethod, deal.createdAt, {
      shippedAt: shipped?.at,
      estimatedDelivery: said('estimated_delivery'),
    }),
    tracking_available: trackingNumber !== undefined,
    ...(trackingNumber !== undefined && { tracking_number: trackingNumber }),
    ...(carrier !== undefined && { carrier }),
    ...(shipped && { shipped_at: shipped.at.toISOString() }),
    ...(delivered && { delivered_at: delivered.at.toISOString() }),
  };
}
