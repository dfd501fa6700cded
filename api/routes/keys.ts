import { route, type Route } from '../route';
import { keysResponse } from '../schemas/events';

export function keyRoutes(): Route[] {
  return [keys];
}

const keys = route({
  method: 'get',
  path: '/v1/keys',
  summary: "AURA's public keys, which its webhooks and instructions verify with",
  tag: 'Events',
  access: 'public',
  response: { status: 200, schema: keysResponse, description: 'A JSON Web Key Set (RFC 7517, RFC 8037)' },
  errors: [],
  handler: ({ deps }) =>
    Promise.resolve({
      status: 200,
      body: {
        keys: [
          {
            kty: 'OKP',
            crv: 'Ed25519',
            alg: 'EdDSA',
            use: 'sig',
            kid: deps.signer.keyId,
            x: Buffer.from(deps.signer.publicKey, 'base64').toString('base64url'),
          },
        ],
      },
    }),
});
