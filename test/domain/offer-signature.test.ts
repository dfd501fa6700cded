import { createSigner, generateKeyPair, verifySignature } from '../../domain/keys';
import { offerSigningBytes } from '../../domain/market/offer';
import { offerDocument1, offerSigningBytes1, plainAmount } from '../../domain/market/offer-1';
import { signedBytesProblem, type SignedOfferRecord } from '../../domain/market/offer-signature';
import { VERSION_1, VERSION_2 } from '../../domain/versions';
import { anOfferDocument } from '../support/offer-documents';

const FIELDS = {
  offerId: 'ofr_01HXYZ00000000000000000000',
  beaconId: 'bcn_01HXYZ00000000000000000000',
  productId: 'prod_sony_wh1000xm5',
  offerPrice: '349.990',
  validUntil: '2026-01-14T22:00:00Z',
};

function aSignedOffer1(price = FIELDS.offerPrice): SignedOfferRecord {
  const document = offerDocument1({
    product: { product_id: FIELDS.productId, name: 'Sony WH-1000XM5', category: 'electronics.headphones' },
    pricing: { currency: 'USD', offer_price: price },
    availability: { in_stock: true },
    valid_until: FIELDS.validUntil,
  });
  return {
    offerId: FIELDS.offerId,
    beaconId: FIELDS.beaconId,
    sessionId: 'ses_1',
    document,
    signedBytes: offerSigningBytes1({ ...FIELDS, offerPrice: price }),
    signedForm: VERSION_1,
  };
}

describe('the signature of version 1', () => {
  test('is over the five fields in a row, the price as it was written', () => {
    expect(offerSigningBytes1(FIELDS)).toBe(
      'ofr_01HXYZ00000000000000000000bcn_01HXYZ00000000000000000000prod_sony_wh1000xm5349.9902026-01-14T22:00:00Z',
    );
  });

  test('holds for the document that is kept, whose price has lost its last zero', () => {
    const offer = aSignedOffer1();
    expect(offer.document.pricing.offer_price).toBe('349.99');
    expect(signedBytesProblem(offer)).toBeUndefined();
  });

  test.each([
    ['offer id', { offerId: 'ofr_01HXYZ00000000000000000001' }],
    ['beacon', { beaconId: 'bcn_01HXYZ00000000000000000001' }],
  ])('does not hold for another %s', (_what, other) => {
    expect(signedBytesProblem({ ...aSignedOffer1(), ...other })).toBe('the document is not what was signed');
  });

  test.each([
    ['product', { productId: 'prod_other' }],
    ['price', { offerPrice: '349.98' }],
    ['validity', { validUntil: '2026-01-15T22:00:00Z' }],
  ])('is another one for another %s', (_what, other) => {
    const { privateKeyPem, publicKey } = generateKeyPair();
    const signature = createSigner(privateKeyPem, 'key_1').sign(offerSigningBytes1(FIELDS));
    const signedBytes = offerSigningBytes1({ ...FIELDS, ...other });
    expect(verifySignature(publicKey, offerSigningBytes1(FIELDS), signature)).toBe(true);
    expect(verifySignature(publicKey, signedBytes, signature)).toBe(false);
    expect(signedBytesProblem({ ...aSignedOffer1(), signedBytes })).toBeDefined();
  });

  test('cannot be read with a digit of the product as one of the price', () => {
    const offer = aSignedOffer1();
    const product = { ...offer.document.product, product_id: 'prod_sony_wh1000xm' };
    const pricing = { currency: 'USD', offer_price: '5349.99' };
    const shifted = { ...offer.document, product, pricing };
    // The bytes are the same for both: the concatenation says no more. What is kept is what was sent.
    expect(signedBytesProblem({ ...offer, document: shifted })).toBeUndefined();
    expect(
      signedBytesProblem({ ...offer, document: { ...shifted, pricing: offer.document.pricing } }),
    ).toBeDefined();
  });
});

describe('the signature of 2.2', () => {
  const signed = (offer: object, document = anOfferDocument()): SignedOfferRecord => ({
    offerId: 'ofr_1',
    beaconId: 'bcn_1',
    sessionId: 'ses_1',
    document,
    signedBytes: offerSigningBytes({ sessionId: 'ses_1', beaconId: 'bcn_1', offer }),
    signedForm: VERSION_2,
  });
  const document = anOfferDocument({ validUntil: new Date('2026-01-14T22:00:00Z') });

  test('covers the whole document, also where its price was sent as a number or with fields AURA does not keep', () => {
    expect(signedBytesProblem(signed(document, document))).toBeUndefined();
    const asNumber = { ...document, pricing: { ...document.pricing, offer_price: 349.99 }, note: 'unknown' };
    expect(signedBytesProblem(signed(asNumber, document))).toBeUndefined();
  });

  test('does not cover what was changed or added', () => {
    const dearer = { ...document, pricing: { ...document.pricing, offer_price: '350.00' } };
    expect(signedBytesProblem(signed(document, dearer))).toBeDefined();
    expect(signedBytesProblem(signed(document, { ...document, certifications: ['ce_mark'] }))).toBeDefined();
    expect(signedBytesProblem({ ...signed(document, document), sessionId: 'ses_2' })).toBeDefined();
  });
});

describe('amounts of version 1', () => {
  test.each([
    ['349.990', 'USD', '349.99'],
    ['349.000', 'USD', '349.00'],
    ['350', 'USD', '350'],
    ['349.999', 'USD', '349.999'],
    ['350.0', 'JPY', '350'],
    ['12345678901234567.890', 'USD', '12345678901234567.89'],
  ])('%s %s is %s', (written, asset, plain) => expect(plainAmount(written, asset)).toBe(plain));
});
