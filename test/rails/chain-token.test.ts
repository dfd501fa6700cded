/** The sandbox's token is what its source says, and nonces of authorizations tell their instruction. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { newId } from '../../domain/ids';
import { SANDBOX_USDC } from '../../domain/rail-terms';
import {
  instructionOfNonce,
  isSignedByPayer,
  nonceOf,
  parseToken,
  signAuthorization,
} from '../../rails/chain';
import artifact from '../../rails/sandbox/chain/contract/usdc.json';

const TOKEN = parseToken(SANDBOX_USDC);
const CONTRACT = join(__dirname, '..', '..', 'rails', 'sandbox', 'chain', 'contract');

it('the committed bytecode and ABI are those of the source', () => {
  const printed = execFileSync(process.execPath, [join(CONTRACT, 'compile.mjs'), '--print'], {
    encoding: 'utf8',
  });
  expect(JSON.parse(printed)).toEqual(artifact);
});

it('an instruction has one nonce, and the nonce tells the instruction', () => {
  const [one, other] = [newId('instruction'), newId('instruction')];
  expect(nonceOf(one)).toMatch(/^0x[0-9a-f]{64}$/);
  expect(nonceOf(one)).not.toBe(nonceOf(other));
  expect(instructionOfNonce(nonceOf(one))).toBe(one);
});

it('a nonce of somebody else tells no instruction', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      expect(instructionOfNonce(`0x${Buffer.from(bytes).toString('hex')}`)).toBeUndefined();
    }),
  );
  const nonce = nonceOf(newId('instruction'));
  const last = nonce.endsWith('0') ? '1' : '0';
  expect(instructionOfNonce(`${nonce.slice(0, -1)}${last}` as `0x${string}`)).toBeUndefined();
});

describe('an authorization', () => {
  const payer = privateKeyToAccount(generatePrivateKey());
  const payee = privateKeyToAccount(generatePrivateKey());
  const unsigned = {
    from: payer.address,
    to: payee.address,
    value: '1000000',
    validAfter: '0',
    validBefore: '4102444800',
    nonce: generatePrivateKey(),
  };

  it('holds as it was signed', async () => {
    expect(await isSignedByPayer(TOKEN, await signAuthorization(TOKEN, payer, unsigned))).toBe(true);
  });

  it.each([
    ['value', '1000001'],
    ['to', payer.address],
    ['from', payee.address],
    ['validBefore', '4102444801'],
    ['nonce', `0x${'11'.repeat(32)}`],
    ['value', '-1'],
    ['signature', '0x00'],
  ])('does not hold with another %s (%s)', async (field, value) => {
    const signed = await signAuthorization(TOKEN, payer, unsigned);
    expect(await isSignedByPayer(TOKEN, { ...signed, [field]: value })).toBe(false);
  });

  it('does not hold for another chain', async () => {
    const signed = await signAuthorization(TOKEN, payer, unsigned);
    const elsewhere = parseToken(SANDBOX_USDC.replace('31337', '1'));
    expect(await isSignedByPayer(elsewhere, signed)).toBe(false);
  });
});
