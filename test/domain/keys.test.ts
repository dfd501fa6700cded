import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { Point } from '@noble/ed25519';
import fc from 'fast-check';
import {
  createSigner,
  didKey,
  generateKeyPair,
  KeyError,
  multikey,
  parsePublicKey,
  publicKeyPem,
  verifySignature,
} from '../../domain/keys';

const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64');

/** The eight points whose order divides eight, in their canonical encodings. */
const SMALL_ORDER = {
  'order 1': '0100000000000000000000000000000000000000000000000000000000000000',
  'order 2': 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'order 4': '0000000000000000000000000000000000000000000000000000000000000000',
  'order 4, negative': '0000000000000000000000000000000000000000000000000000000000000080',
  'order 8': '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'order 8, negative': '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'order 8, other': 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'order 8, other, negative': 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
};

/** y is not below p, or the sign bit is set where x is zero. */
const NON_CANONICAL = {
  'p itself': 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'p, negative': 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'p + 1': 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'p + 1, negative': 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'p + 18': 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'minus zero over 1': '0100000000000000000000000000000000000000000000000000000000000080',
  'minus zero over -1': 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
};

describe('a public key', () => {
  it('is the same in every form it may come in', () => {
    fc.assert(
      fc.property(fc.constant(0), () => {
        const { privateKeyPem, publicKey } = generateKeyPair();
        const key = createPublicKey(createPrivateKey(privateKeyPem));
        const jwk = key.export({ format: 'jwk' });
        const forms: unknown[] = [
          publicKey,
          publicKey.replace(/=$/, '').replaceAll('+', '-').replaceAll('/', '_'),
          key.export({ format: 'der', type: 'spki' }).toString('base64'),
          key.export({ format: 'pem', type: 'spki' }),
          publicKeyPem(publicKey),
          jwk,
          { ...jwk, kid: 'mine', use: 'sig' },
          JSON.stringify(jwk),
          didKey(publicKey),
          multikey(publicKey),
          ` ${publicKey}\n`,
        ];
        for (const form of forms) expect(parsePublicKey(form)).toBe(publicKey);
      }),
      { numRuns: 20 },
    );
  });

  it('has the did:key of the published example', () => {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: 'O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik' };
    const did = 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp';
    expect(parsePublicKey(did)).toBe(parsePublicKey(jwk));
    expect(didKey(parsePublicKey(jwk))).toBe(did);
  });

  it.each(Object.entries(SMALL_ORDER))('of small order is refused: %s', (_, hex) => {
    expect(Point.fromHex(hex).isSmallOrder()).toBe(true);
    expect(() => parsePublicKey(base64(hex))).toThrow(/small-order/);
  });

  it('of small order are eight in all', () => {
    const points = Object.values(SMALL_ORDER).map((hex) => Point.fromHex(hex).toHex());
    expect(new Set(points).size).toBe(8);
  });

  it.each(Object.entries(NON_CANONICAL))('in an encoding that is not canonical is refused: %s', (_, hex) => {
    expect(() => parsePublicKey(base64(hex))).toThrow(KeyError);
  });

  it('with a small-order part in it is refused', () => {
    const good = Point.fromBytes(Buffer.from(generateKeyPair().publicKey, 'base64'));
    for (const hex of Object.values(SMALL_ORDER).slice(1)) {
      const mixed = good.add(Point.fromHex(hex));
      expect(() => parsePublicKey(base64(mixed.toHex()))).toThrow(/prime-order/);
    }
  });

  it('off the curve is refused', () => {
    expect(() => parsePublicKey(base64(`02${'00'.repeat(31)}`))).toThrow(/canonical point/);
  });

  it('is refused in every form where the point is unsafe', () => {
    const raw = Buffer.from(SMALL_ORDER['order 8'], 'hex');
    const key = raw.toString('base64');
    expect(() => parsePublicKey({ kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') })).toThrow(
      /small/,
    );
    expect(() => parsePublicKey(didKey(key))).toThrow(/small/);
    expect(() => parsePublicKey(publicKeyPem(key))).toThrow(/small/);
  });

  it('is not a private key', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const refused = [
      privateKey.export({ format: 'pem', type: 'pkcs8' }),
      privateKey.export({ format: 'jwk' }),
      JSON.stringify(privateKey.export({ format: 'jwk' })),
    ];
    for (const form of refused) expect(() => parsePublicKey(form)).toThrow(/private key/);
    const der = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
    expect(() => parsePublicKey(der)).toThrow(KeyError);
  });

  it('is of no other algorithm', () => {
    const others = [
      generateKeyPairSync('x25519').publicKey,
      generateKeyPairSync('ed448').publicKey,
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey,
      generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey,
    ];
    for (const key of others) {
      expect(() => parsePublicKey(key.export({ format: 'pem', type: 'spki' }))).toThrow(KeyError);
      expect(() => parsePublicKey(key.export({ format: 'jwk' }))).toThrow(KeyError);
      expect(() => parsePublicKey(key.export({ format: 'der', type: 'spki' }).toString('base64'))).toThrow(
        KeyError,
      );
    }
    // A secp256k1 did:key of the method's specification.
    expect(() => parsePublicKey('did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme')).toThrow(
      KeyError,
    );
  });

  it.each([
    ['', 1, null, undefined, [], {}, 'AAAA', '{', 'did:key:', 'did:key:fed01', 'did:key:z0OIl', 'did:web:x'],
  ])('is refused where there is none', (...values) => {
    for (const value of values) expect(() => parsePublicKey(value)).toThrow(KeyError);
  });

  it('of another length is refused', () => {
    for (const length of [0, 31, 33]) {
      const x = Buffer.alloc(length, 7).toString('base64url');
      expect(() => parsePublicKey({ kty: 'OKP', crv: 'Ed25519', x })).toThrow(/32 bytes/);
    }
  });
});

describe('a signature', () => {
  const { privateKeyPem, publicKey } = generateKeyPair();
  const signer = createSigner(privateKeyPem, 'key_1');

  it('verifies for its message and key alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (message, other) => {
        const signature = signer.sign(message);
        expect(verifySignature(publicKey, message, signature)).toBe(true);
        expect(verifySignature(publicKey, Buffer.from(message), signature)).toBe(true);
        const same = Buffer.from(other).equals(Buffer.from(message));
        expect(verifySignature(publicKey, other, signature)).toBe(same);
        expect(verifySignature(generateKeyPair().publicKey, message, signature)).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  it('agrees with the first test vector of RFC 8032', () => {
    const pem = createPrivateKey({
      key: Buffer.from(
        '302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
        'hex',
      ),
      format: 'der',
      type: 'pkcs8',
    }).export({ format: 'pem', type: 'pkcs8' });
    const vector = createSigner(pem.toString(), 'rfc');
    expect(vector.publicKey).toBe(base64('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'));
    expect(vector.sign('')).toBe(
      base64(
        'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
      ),
    );
  });

  it('that is malformed is just not valid', () => {
    const signature = signer.sign('x');
    for (const bad of ['', 'AAAA', signature.slice(1), `${signature} `, signature.replace(/==$/, '')]) {
      expect(verifySignature(publicKey, 'x', bad)).toBe(false);
    }
  });

  it('is made with Ed25519 keys only', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    expect(() => createSigner(pem, 'k')).toThrow(KeyError);
  });
});
