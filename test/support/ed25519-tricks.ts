/** Points and signatures that Ed25519 has and nobody should take (RFC 8032; Chalkias, Garillot, Nikolaenko 2020). */
import { generateKeyPair } from '../../domain/keys';

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const PRIME = 2n ** 255n - 19n;

const fromHex = (hex: string) => Buffer.from(hex, 'hex').toString('base64');

function littleEndian(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse();
}

const numberOf = (bytes: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(bytes).reverse().toString('hex') || '0'}`);

/** The eight points whose order divides the cofactor, base64. */
export const SMALL_ORDER: readonly string[] = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
].map(fromHex);

/** Keys that no registration may take, base64. */
export const STRANGE_KEYS: readonly (readonly [what: string, key: string])[] = [
  ...SMALL_ORDER.map((key, index) => [`point ${index + 1} of small order`, key] as const),
  ['the identity with a sign', fromHex(`01${'00'.repeat(30)}80`)],
  ['the identity beyond the prime', littleEndian(PRIME + 1n).toString('base64')],
  ['zero as the prime itself', littleEndian(PRIME).toString('base64')],
  ['all bits', Buffer.alloc(32, 0xff).toString('base64')],
  ['no point of the curve', fromHex(`02${'00'.repeat(31)}`)],
  // A generator plus a point of order eight: it verifies with the cofactor and not without it.
  ['a point of mixed order', fromHex('cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d')],
  ['31 bytes', Buffer.alloc(31, 1).toString('base64')],
  ['33 bytes', Buffer.alloc(33, 1).toString('base64')],
];

/** A good signature (base64) in every way of writing another that lax verifiers take for it. */
export function bentSignatures(signature: string): (readonly [what: string, bent: string])[] {
  const bytes = Buffer.from(signature, 'base64');
  const [r, s] = [bytes.subarray(0, 32), bytes.subarray(32)];
  const withS = (value: bigint) => Buffer.concat([r, littleEndian(value)]).toString('base64');
  const other = Buffer.from(generateKeyPair().publicKey, 'base64');
  return [
    ['S + L', withS(numberOf(s) + ORDER)],
    ['S + 2 L', withS(numberOf(s) + 2n * ORDER)],
    ['-S', withS(ORDER - numberOf(s))],
    ['S of zero', withS(0n)],
    ['S with its high bits set', withS(numberOf(s) | (7n << 253n))],
    ['R with the other sign', flipped(bytes, 31, 0x80).toString('base64')],
    ['another R', Buffer.concat([other, s]).toString('base64')],
    ...SMALL_ORDER.map((point): readonly [string, string] => [
      `R of small order ${point}`,
      Buffer.concat([Buffer.from(point, 'base64'), s]).toString('base64'),
    ]),
    ['R beyond the prime', Buffer.concat([littleEndian(PRIME + 1n), s]).toString('base64')],
    ['base64url', signature.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')],
    ['without padding', signature.replace(/=+$/, '')],
    ['with a line break', `${signature.slice(0, 40)}\t${signature.slice(40)}`],
    ['hex', bytes.toString('hex')],
    ['a byte more', Buffer.concat([bytes, Buffer.alloc(1)]).toString('base64')],
    ['a byte less', bytes.subarray(0, 63).toString('base64')],
    ['empty', ''],
  ];
}

function flipped(bytes: Buffer, at: number, mask: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ mask, at);
  return copy;
}
