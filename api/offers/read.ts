/** Offers as they come, in either version's shape, checked and made into what is stored. */
import { sha256Hex } from '../../domain/canonical';
import { AuraError, type ErrorCode } from '../../domain/errors';
import { newId } from '../../domain/ids';
import { verifySignature } from '../../domain/keys';
import { offerSigningBytes, type OfferDocument } from '../../domain/market/offer';
import { offerDocument1, offerSigningBytes1 } from '../../domain/market/offer-1';
import { MoneyError, parseMoney } from '../../domain/money';
import { VERSION_1, VERSION_2 } from '../../domain/versions';
import type { AgentWithKey } from '../../store/agents';
import type { NewOffer } from '../../store/offers';
import type { Recipient, Session } from '../../store/sessions';
import type { ApiDeps } from '../deps';
import type { OffersRequest, SignedOffer } from '../schemas/market';
import type { Offer1, OffersRequest1 } from '../schemas/market-1';

export interface OffersCall {
  deps: Pick<ApiDeps, 'embedder'>;
  session: Session;
  recipient: Recipient;
  agent: AgentWithKey;
  body: OffersRequest;
  rawBody: string;
}

type Statement = Pick<NewOffer, 'id' | 'document' | 'signedBytes' | 'signedForm' | 'signature'>;

/** Throws the catalogue's errors with the field, `offers.0.pricing.offer_price` for example. */
export function readOffers(call: OffersCall): NewOffer[] {
  const { body, rawBody } = call;
  const requestSha256 = sha256Hex(rawBody);
  // What came before its numbers became text: a signature of 2.2 covers the document's plain JSON.
  const sent = (JSON.parse(rawBody) as { offers: Record<string, unknown>[] }).offers;
  const statements =
    body.shape === 'version_1'
      ? readAll1(call, body, sent)
      : body.offers.map((offer, index) => read2(call, offer, sent[index] ?? {}, index));
  refuseRepeated(statements, body.shape === 'version_1' ? 'offer_id' : 'signature');
  return statements.map((statement, index) => toStore(call, statement, requestSha256, `offers.${index}`));
}

function read2({ session, agent }: OffersCall, offer: SignedOffer, sent: object, index: number): Statement {
  const { signature, ...document } = offer;
  const { signature: _signature, ...unsigned } = sent as Record<string, unknown>;
  const signedBytes = offerSigningBytes({ sessionId: session.id, beaconId: agent.id, offer: unsigned });
  checkSignature(agent, signedBytes, signature, `offers.${index}.signature`);
  return { id: newId('offer'), document, signedBytes, signedForm: VERSION_2, signature };
}

function readAll1(
  call: OffersCall,
  body: OffersRequest1,
  sent: readonly Record<string, unknown>[],
): Statement[] {
  const { agent, recipient } = call;
  if (body.beacon_id !== agent.id) refuse('INVALID_PARAMETER', 'beacon_id', 'not the agent that sends it');
  if (body.request_id !== recipient.requestId)
    refuse('INVALID_PARAMETER', 'request_id', 'not the request of this session');
  return body.offers.map((offer, index) => read1(agent, body, offer, sent[index] ?? {}, index));
}

function read1(
  agent: AgentWithKey,
  { offers, signature: envelope, beacon_metadata: metadata }: OffersRequest1,
  offer: Offer1,
  sent: Record<string, unknown>,
  index: number,
): Statement {
  const field = `offers.${index}`;
  // The envelope's signature is that of its only offer.
  const isOnly = offers.length === 1;
  const signed = offer.signature ?? (isOnly ? envelope : undefined);
  const where = offer.signature === undefined && isOnly ? 'signature' : `${field}.signature`;
  if (signed === undefined) {
    const reason = isOnly ? 'required' : 'required: an envelope signature counts for a single offer only';
    return refuse('INVALID_REQUEST', where, reason);
  }
  const signedBytes = offerSigningBytes1({
    offerId: offer.offer_id,
    beaconId: agent.id,
    productId: offer.product.product_id,
    offerPrice: offer.pricing.offer_price,
    validUntil: offer.valid_until,
  });
  const signature = signed.replace(/^sig_/, '');
  checkSignature(agent, signedBytes, signature, where);
  return {
    id: offer.offer_id,
    document: offerDocument1({ ...offer, product: withSentAttributes(offer, sent) }, metadata),
    signedBytes,
    signedForm: VERSION_1,
    signature,
  };
}

/** Attributes that AURA does not know keep their numbers as they were sent; none of them is an amount. */
function withSentAttributes({ product }: Offer1, sent: Record<string, unknown>): Offer1['product'] {
  const { structured_attributes: read } = product;
  const { structured_attributes: given } = sent.product as { structured_attributes?: object };
  if (!read || !given) return product;
  const { brand, features, condition } = read;
  const known = Object.entries({ brand, features, condition }).filter(([, value]) => value !== undefined);
  return { ...product, structured_attributes: { ...given, ...Object.fromEntries(known) } };
}

function toStore(
  { deps, session, agent }: OffersCall,
  statement: Statement,
  requestSha256: string,
  field: string,
): NewOffer {
  const { document } = statement;
  const unitPriceMinor = checkPrices(document, field, statement.signedForm === VERSION_1);
  const { name, natural_language_description: description, structured_attributes } = document.product;
  const words = [name, description?.content ?? '', structured_attributes?.features?.join(' ') ?? ''];
  const ends = [document.valid_until, document.pricing.price_valid_until ?? document.valid_until];
  return {
    ...statement,
    sessionId: session.id,
    beaconId: agent.id,
    principalId: agent.principalId,
    keyId: agent.keyId,
    requestSha256,
    asset: document.pricing.currency,
    unitPriceMinor,
    embedding: deps.embedder.embed(words.join('. ')),
    // An offer outlives neither itself nor its price.
    validUntil: new Date(Math.min(...ends.map((instant) => Date.parse(instant)))),
  };
}

function checkSignature(agent: AgentWithKey, bytes: string, signature: string, field: string): void {
  if (verifySignature(agent.publicKey, bytes, signature)) return;
  refuse('INVALID_SIGNATURE', field, 'the signature does not verify');
}

function refuseRepeated(statements: readonly Statement[], name: 'offer_id' | 'signature'): void {
  const seen = new Set<string>();
  for (const [index, { id, signature }] of statements.entries()) {
    const key = name === 'offer_id' ? id : signature;
    if (seen.has(key)) refuse('INVALID_PARAMETER', `offers.${index}.${name}`, 'appears twice');
    seen.add(key);
  }
}

/** Every price must be an amount of the currency; the unit price must be above zero. */
function checkPrices({ pricing, availability }: OfferDocument, field: string, shipsInUsd: boolean): bigint {
  const { currency } = pricing;
  const read = (decimal: string, name: string): bigint => {
    try {
      return parseMoney(decimal, currency).amountMinor;
    } catch (error) {
      if (!(error instanceof MoneyError)) throw error;
      return refuse('INVALID_PARAMETER', `${field}.${name}`, error.message);
    }
  };
  if (pricing.list_price !== undefined) read(pricing.list_price, 'pricing.list_price');
  availability.shipping_options?.forEach(({ price }, at) => {
    const name = `availability.shipping_options.${at}.${shipsInUsd ? 'price_usd' : 'price'}`;
    const isForeign = shipsInUsd && currency !== 'USD';
    if (read(price, name) > 0n && isForeign)
      refuse('INVALID_PARAMETER', `${field}.${name}`, `the offer is in ${currency}`);
  });
  const unitPrice = read(pricing.offer_price, 'pricing.offer_price');
  if (unitPrice > 0n) return unitPrice;
  return refuse('INVALID_PARAMETER', `${field}.pricing.offer_price`, 'must be above zero');
}

function refuse(code: ErrorCode, field: string, reason: string): never {
  throw new AuraError(code, `${field}: ${reason}`, { field, reason });
}
