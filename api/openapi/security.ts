/** How callers prove who they are, as OpenAPI has it. */
import type { Route } from '../route';
import type { Json } from './schemas';

export const SECURITY_SCHEMES: Json = {
  signature: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Signature',
    description:
      'Protocol 2.2: Ed25519, base64, over METHOD\\nPATH?QUERY\\nTIMESTAMP\\nBODY, with X-Agent-ID and X-Timestamp (RFC 3339).',
  },
  apiKey: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'sk_live_… sk_test_… bk_live_… bk_test_…',
    description: 'Protocol 1.0.0: an API key. It suffices where no signature is asked for besides.',
  },
  apiSignature: {
    type: 'apiKey',
    in: 'header',
    name: 'X-AURA-Signature',
    description:
      'Protocol 1.0.0: `sig_` and base64 of Ed25519 over METHOD\\nPATH\\nTIMESTAMP\\nSHA256(BODY) (hex), with the API key and X-AURA-Timestamp (RFC 3339).',
  },
  messageSignature: {
    type: 'apiKey',
    in: 'header',
    name: 'Signature',
    description: 'HTTP Message Signatures (RFC 9421) with Signature-Input and Content-Digest, Ed25519.',
  },
};

/** The forms a route takes, any of which suffices. */
export function securityOf({ access, scope, keySuffices }: Route): Json[] {
  if (access === 'public') return [];
  const signed = [{ signature: [] }, { messageSignature: [] }];
  // Operators and rails have no API keys.
  if (access === 'rail' || access.every((role) => role === 'operator')) return signed;
  const key = { apiKey: scope ? [scope] : [] };
  return [...signed, keySuffices ? key : { ...key, apiSignature: [] }];
}
