/**
 * API keys of protocol 1.0.0 and the secrets that go with them. Both are derived from one secret of the server and the
 * key's id, so that a registration can be answered a second time and an HMAC be checked while neither is stored.
 */
import { createHash, createHmac } from 'node:crypto';

export type Deployment = 'live' | 'sandbox';
/** Who may have an API key. */
export type KeyedRole = 'scout' | 'beacon';

export const API_SECRET_BYTES = 32;

const KEY_PREFIX = { scout: 'sk', beacon: 'bk' } as const;
const SECRET_PREFIX = { scout: 'ss', beacon: 'bs' } as const;
const DEPLOYMENT_NAME = { live: 'live', sandbox: 'test' } as const;
const API_KEY = /^(sk|bk)_(live|test)_[A-Za-z0-9_-]{43}$/;
/** As much of a key as tells it from others: what its lists show. */
const SHOWN_CHARS = 'sk_test_'.length + 4;

export interface ApiCredentials {
  /** `sk_live_…`, `sk_test_…`, `bk_live_…` or `bk_test_…` */
  apiKey: string;
  /** `ss_…` or `bs_…`: the HMAC key of sandbox clients, as UTF-8 bytes of the whole text. */
  apiSecret: string;
}

export interface ApiKeyMint {
  readonly deployment: Deployment;
  /** The same for the same id, every time. */
  credentialsOf(key: { id: string; role: KeyedRole }): ApiCredentials;
}

/** `masterSecret` has 32 bytes. With another one new keys are others, and HMACs by earlier secrets verify no more. */
export function createApiKeyMint(options: { masterSecret: Uint8Array; deployment: Deployment }): ApiKeyMint {
  const { masterSecret, deployment } = options;
  if (masterSecret.length !== API_SECRET_BYTES) throw new Error(`a secret of ${API_SECRET_BYTES} bytes`);
  const derive = (purpose: string, id: string) =>
    createHmac('sha256', masterSecret).update(`aura.${purpose}.v1\n${deployment}\n${id}`).digest('base64url');
  return {
    deployment,
    credentialsOf: ({ id, role }) => ({
      apiKey: `${KEY_PREFIX[role]}_${DEPLOYMENT_NAME[deployment]}_${derive('api-key', id)}`,
      apiSecret: `${SECRET_PREFIX[role]}_${derive('api-secret', id)}`,
    }),
  };
}

/** What the text of an API key says of itself; `undefined` where it is none. */
export function readApiKey(text: string): { role: KeyedRole; deployment: Deployment } | undefined {
  const [, prefix, name] = API_KEY.exec(text) ?? [];
  if (!prefix) return undefined;
  return { role: prefix === 'sk' ? 'scout' : 'beacon', deployment: name === 'live' ? 'live' : 'sandbox' };
}

/**
 * The form that is stored, hex. A plain SHA-256 is enough: a key has 256 bits that nobody can guess, so there is
 * nothing for a slow hash to slow down.
 */
export function apiKeyHash(apiKey: string): string {
  return createHash('sha256').update(apiKey).digest('hex');
}

/** The part of a key that may be shown, e.g. `sk_test_h3Rk`. */
export function shownPart(apiKey: string): string {
  return apiKey.slice(0, SHOWN_CHARS);
}
