/** The question a merchant is asked before a commit, in the envelope of protocol 1.0.0. The buyer is not in it. */
import type { Signer } from '../../domain/keys';
import type { DealAmounts } from '../../domain/market/offer';
import { formatMoney } from '../../domain/money';
import { VERSION_1, type ApiVersion } from '../../domain/versions';
import { signWebhookBody } from '../../domain/webhook-signature';
import type { AskedQuestion } from '../../store/confirmations';
import { amounts1 } from '../views/amounts-1';

export interface OrderTerms {
  quantity: number;
  amounts: DealAmounts;
  /** The version the merchant's agent speaks. */
  version: ApiVersion;
}

/** The signed body. Amounts are named as the merchant's version of the protocol names them. */
export function questionBody(
  signer: Pick<Signer, 'sign'>,
  asked: AskedQuestion,
  { quantity, amounts, version }: OrderTerms,
  timeoutMs: number,
): string {
  const body = {
    event_id: asked.eventId,
    event_type: 'order_confirmation',
    timestamp: asked.askedAt.toISOString(),
    beacon_id: asked.beaconId,
    payload: {
      transaction_id: asked.transactionId,
      session_id: asked.sessionId,
      offer_id: asked.offerId,
      quantity,
      amounts: version === VERSION_1 ? amounts1(amounts) : decimals(amounts),
      shipping_method: amounts.shippingMethod,
      respond_by: new Date(asked.askedAt.getTime() + timeoutMs).toISOString(),
      hold_until: asked.holdUntil.toISOString(),
    },
  };
  return JSON.stringify(signWebhookBody(signer, body));
}

function decimals({ asset, subtotalMinor, shippingMinor, taxMinor, totalMinor }: DealAmounts) {
  const amount = (amountMinor: bigint) => formatMoney({ amountMinor, asset });
  return {
    currency: asset,
    subtotal: amount(subtotalMinor),
    shipping: amount(shippingMinor),
    tax: amount(taxMinor),
    total: amount(totalMinor),
  };
}
