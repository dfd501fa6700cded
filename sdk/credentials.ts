/** How an agent shows who it is: the three forms that AURA accepts, each behind the same interface. */
import { createHmac, randomUUID } from 'node:crypto';
import { requestSigningBytes } from '../domain/request-signature';
import { apiSigningBytes } from '../domain/signatures/api-key';
import { authorityOf, signHttpMessage } from '../domain/signatures/http-message';
import { nextTimestamp } from './clock';
import type { KeyPair } from './keys';

export interface OutgoingRequest {
  baseUrl: string;
  method: string;
  /** Path and query exactly as sent. */
  target: string;
  /** Empty where there is none. */
  body: string;
}

export interface Credentials {
  /** Undefined before the agent is registered. */
  readonly agentId?: string;
  /** The agent's key, for what is signed besides requests: offers, votes. */
  readonly key?: KeyPair;
  /** The headers for one attempt. Every attempt is signed anew: a signature counts once. */
  headers(request: OutgoingRequest): Record<string, string> | Promise<Record<string, string>>;
  /** The headers for a WebSocket's upgrade, where they differ. */
  upgradeHeaders?(request: OutgoingRequest): Record<string, string> | Promise<Record<string, string>>;
}

/** Protocol 2.2: `X-Agent-ID`, `X-Timestamp`, `X-Signature`. */
export function signatureCredentials({ agentId, key }: { agentId?: string; key: KeyPair }): Credentials {
  const headers = ({ baseUrl, method, target, body }: OutgoingRequest) => {
    const timestamp = nextTimestamp(baseUrl);
    return {
      ...(agentId !== undefined && { 'x-agent-id': agentId }),
      'x-timestamp': timestamp,
      'x-signature': key.sign(requestSigningBytes({ method, target, timestamp, body })),
    };
  };
  return { agentId, key, headers, upgradeHeaders: (request) => headers(withoutQuery(request)) };
}

export interface ApiKeyOptions {
  agentId: string;
  apiKey: string;
  /** The agent's Ed25519 key. Requests are signed by it where it is given. */
  key?: KeyPair;
  /** Signs by HMAC-SHA256 where there is no `key`; accepted in the sandbox only. */
  apiSecret?: string;
}

/**
 * Protocol 1.0.0: `Authorization: Bearer` with `X-AURA-Timestamp` and `X-AURA-Signature`. With neither key nor secret the
 * API key stands alone, which suffices to open sessions and to read, not for offers, commits and transactions.
 */
export function apiKeyCredentials({ agentId, apiKey, key, apiSecret }: ApiKeyOptions): Credentials {
  const sign = key
    ? (bytes: string) => `sig_${key.sign(bytes)}`
    : apiSecret === undefined
      ? undefined
      : (bytes: string) => `sig_${createHmac('sha256', apiSecret).update(bytes).digest('base64')}`;
  const headers = ({ baseUrl, method, target, body }: OutgoingRequest): Record<string, string> => {
    const authorization = `Bearer ${apiKey}`;
    if (!sign) return { authorization };
    const timestamp = nextTimestamp(baseUrl);
    const signature = sign(apiSigningBytes({ method, target, timestamp, body }));
    return { authorization, 'x-aura-timestamp': timestamp, 'x-aura-signature': signature };
  };
  return { agentId, key, headers, upgradeHeaders: () => ({ authorization: `Bearer ${apiKey}` }) };
}

/**
 * HTTP Message Signatures (RFC 9421). `authority` is the host that AURA is known by, by default that of the base URL.
 */
export function messageSignatureCredentials({
  agentId,
  key,
  authority,
}: {
  agentId: string;
  key: KeyPair;
  authority?: string;
}): Credentials {
  return {
    agentId,
    key,
    headers: ({ baseUrl, method, target, body }) =>
      signHttpMessage({
        method,
        target,
        body,
        authority: authority ?? authorityOf(baseUrl),
        keyId: agentId,
        nonce: randomUUID(),
        sign: (bytes) => key.sign(Buffer.from(bytes).toString('utf8')),
      }),
  };
}

function withoutQuery(request: OutgoingRequest): OutgoingRequest {
  const [target = ''] = request.target.split('?', 1);
  return { ...request, target };
}
