/** Whether the bytes that a seller signed are those of the offer that is kept and shown. */
import { canonicalJson } from '../canonical';
import { compareDecimals } from '../constraints';
import { VERSION_1, type ApiVersion } from '../versions';
import { offerSigningBytes, type OfferDocument } from './offer';

export interface SignedOfferRecord {
  offerId: string;
  beaconId: string;
  sessionId: string;
  document: OfferDocument;
  signedBytes: string;
  /** The protocol version whose way of signing was used. */
  signedForm: ApiVersion;
}

/** What is wrong, if anything is. Version 1's signature speaks of five fields, that of 2.2 of the whole document. */
export function signedBytesProblem(offer: SignedOfferRecord): string | undefined {
  const covers = offer.signedForm === VERSION_1 ? coversFields(offer) : coversDocument(offer);
  return covers ? undefined : 'the document is not what was signed';
}

const DECIMAL = /^(0|[1-9]\d*)(\.\d+)?$/;

/** The price may have been written with more zeros than it is kept with; everything else stands byte by byte. */
function coversFields({ offerId, beaconId, document, signedBytes }: SignedOfferRecord): boolean {
  const before = offerId + beaconId + document.product.product_id;
  const after = document.valid_until;
  if (!signedBytes.startsWith(before) || !signedBytes.endsWith(after)) return false;
  const price = signedBytes.slice(before.length, signedBytes.length - after.length);
  return DECIMAL.test(price) && compareDecimals(price, document.pricing.offer_price) === 0;
}

function coversDocument({ sessionId, beaconId, document, signedBytes }: SignedOfferRecord): boolean {
  if (offerSigningBytes({ sessionId, beaconId, offer: document }) === signedBytes) return true;
  const signed = JSON.parse(signedBytes) as { offer?: unknown };
  const whole = offerSigningBytes({ sessionId, beaconId, offer: signed.offer as object });
  return whole === signedBytes && isPartOf(document, signed.offer);
}

/** Everything in `kept` stands in `sent` too, where numbers may have become text, and text may have been trimmed. */
function isPartOf(kept: unknown, sent: unknown): boolean {
  if (typeof kept === 'string' && typeof sent === 'number') return sameNumber(kept, sent);
  if (typeof kept === 'string' && typeof sent === 'string') return kept === sent || kept === sent.trim();
  if (Array.isArray(kept))
    return (
      Array.isArray(sent) && kept.length === sent.length && kept.every((item, at) => isPartOf(item, sent[at]))
    );
  if (typeof kept === 'object' && kept !== null) {
    if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) return false;
    const fields = sent as Record<string, unknown>;
    return Object.entries(kept).every(
      ([name, value]) => Object.hasOwn(fields, name) && isPartOf(value, fields[name]),
    );
  }
  return canonicalJson(kept) === canonicalJson(sent);
}

function sameNumber(text: string, number: number): boolean {
  const written = String(number);
  return (
    text === written || (DECIMAL.test(text) && DECIMAL.test(written) && compareDecimals(text, written) === 0)
  );
}
