import { createSigner, generateKeyPair } from '../../domain/keys';
import { BundleError, decodeBundle, encodeBundle, isSignedBy, signMessage } from '../../rails/instant/bundle';

const signer = createSigner(generateKeyPair().privateKeyPem, 'k1');
const messages = ['<a>Zürich\r\n--x</a>', '<b/>'].map((message) => signMessage(message, signer));

it('carries signed messages exactly', () => {
  const { contentType, body } = encodeBundle(messages);
  const received = decodeBundle(contentType, body);
  expect(received).toEqual(messages);
  expect(received.every((one) => isSignedBy(one, signer.publicKey))).toBe(true);
});

it('refuses a bundle that is cut anywhere before its closing boundary', () => {
  const { contentType, body } = encodeBundle(messages);
  for (let length = 0; length < body.length - 2; length += 1) {
    expect(() => decodeBundle(contentType, body.subarray(0, length))).toThrow(BundleError);
  }
});

it('refuses other content types, bytes that are not UTF-8, and too many parts', () => {
  const { contentType, body } = encodeBundle(messages);
  expect(() => decodeBundle('application/xml', body)).toThrow(BundleError);
  const broken = Buffer.from(body);
  broken[body.indexOf('Z')] = 0xff;
  expect(() => decodeBundle(contentType, broken)).toThrow(BundleError);
  const many = encodeBundle(Array.from({ length: 9 }, () => messages[1]!));
  expect(() => decodeBundle(many.contentType, many.body)).toThrow(BundleError);
});
