/** What checking a request's signature costs over the bare verification of Ed25519. */
import { createPublicKey, verify } from 'node:crypto';
import { createSigner, generateKeyPair } from '../domain/keys';
import { requestSigningBytes, verifyRequest } from '../domain/request-signature';
import { compare, type Bench } from './harness';

const CHECKS = 4_000;
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

export const signature: Bench = {
  name: 'signature',
  title: 'Signature check',
  async run(context) {
    const pair = generateKeyPair();
    const signer = createSigner(pair.privateKeyPem, 'bench');
    const request = {
      method: 'POST',
      target: '/v1/sessions',
      timestamp: '2026-04-01T12:00:00.000Z',
      body: JSON.stringify({ intent: 'a signed request of ordinary length '.repeat(10) }),
    };
    const bytes = requestSigningBytes(request);
    const signed = signer.sign(bytes);
    const spki = Buffer.concat([ED25519_SPKI, Buffer.from(pair.publicKey, 'base64')]);
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    const raw = Buffer.from(signed, 'base64');
    const perCheck = (check: () => boolean) => () => {
      const started = performance.now();
      for (let n = 0; n < CHECKS; n++) if (!check()) throw new Error('a good signature was refused');
      return ((performance.now() - started) / CHECKS) * 1_000;
    };
    return [
      await compare(context, {
        name: 'signature_check',
        title: 'Check of a signed request',
        unit: 'µs',
        reference: 'verify of node:crypto',
        reach: { atMost: 1.25 },
        subject: perCheck(() => verifyRequest(request, signed, pair.publicKey)),
        against: perCheck(() => verify(null, Buffer.from(bytes), key, raw)),
      }),
    ];
  },
};
