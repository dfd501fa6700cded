/** What a seller signs: offers of both versions of the protocol. */
import { newId } from '../domain/ids';
import { offerSigningBytes, type OfferDocument } from '../domain/market/offer';
import { offerSigningBytes1 } from '../domain/market/offer-1';
import type { KeyPair } from './keys';
import type { StatedOffer1 } from './types';

export type SignedOffer = OfferDocument & { signature: string };
export type SignedOffer1 = StatedOffer1 & { offer_id: string; signature: string };

/** Protocol 2.2: the whole offer as canonical JSON, bound to the session and to the seller. AURA gives it its id. */
export function signOffer(input: {
  key: KeyPair;
  sessionId: string;
  beaconId: string;
  offer: OfferDocument;
}): SignedOffer {
  const { key, sessionId, beaconId } = input;
  const offer = asSent(input.offer);
  return { ...offer, signature: key.sign(offerSigningBytes({ sessionId, beaconId, offer })) };
}

/**
 * Protocol 1.0.0: five fields, the price with the digits that it has in the JSON. Prices are numbers of the currency's
 * main unit. `offerId` is a new one by default; the same offer sent again needs its old one.
 */
export function signOffer1(input: {
  key: KeyPair;
  beaconId: string;
  offer: StatedOffer1;
  offerId?: string;
}): SignedOffer1 {
  const { key, beaconId, offerId = newId('offer') } = input;
  const offer = asSent(input.offer);
  const signed = offerSigningBytes1({
    offerId,
    beaconId,
    productId: offer.product.product_id,
    offerPrice: JSON.stringify(offer.pricing.offer_price),
    validUntil: offer.valid_until,
  });
  return { ...offer, offer_id: offerId, signature: `sig_${key.sign(signed)}` };
}

/** Through JSON once, so that exactly what is sent is what is signed. */
function asSent<T>(offer: T): T {
  return JSON.parse(JSON.stringify(offer)) as T;
}
