/** What agents of both versions have in common: who they are, and how their requests go. */
import { randomUUID } from 'node:crypto';
import { keyRotationBytes } from '../domain/key-rotation';
import type { ApiVersion } from '../domain/versions';
import { signatureCredentials, type Credentials } from './credentials';
import { readEvents, type EventQuery } from './events';
import { anyOf, call, type HttpOptions, type Request } from './http';
import type { KeyPair } from './keys';
import type { AgentKey, ApiKeys, AuraEvent, Endpoints, NewApiKey } from './types';
import { watchSession, type WatchOptions } from './watch';

export type AgentCredentials = Credentials & { readonly agentId: string };

export abstract class SignedAgent {
  readonly agentId: string;
  protected readonly credentials: Credentials;
  /** In whose names answers are. */
  protected abstract readonly version: ApiVersion;

  /** By any of the credentials, or in short by the agent's key in the form of 2.2. */
  constructor(http: HttpOptions, credentials: Credentials);
  constructor(http: HttpOptions, agentId: string, key: KeyPair);
  constructor(
    protected readonly http: HttpOptions,
    who: Credentials | string,
    key?: KeyPair,
  ) {
    this.credentials =
      typeof who !== 'string' ? who : signatureCredentials({ agentId: who, key: key as KeyPair });
    if (this.credentials.agentId === undefined) throw new TypeError('the credentials name no agent');
    this.agentId = this.credentials.agentId;
  }

  /** The agent's own key. Throws where its credentials have none. */
  protected get key(): KeyPair {
    if (this.credentials.key) return this.credentials.key;
    throw new TypeError('this needs the agent’s Ed25519 key, which its credentials do not have');
  }

  /**
   * Sends a request to any endpoint, signed, and sends it again by the protocol's rules. Every POST carries an idempotency
   * key, which all its attempts share; by default a new one.
   */
  request<T>(
    method: Request['method'],
    path: string,
    body?: unknown,
    idempotencyKey?: string,
    signal?: AbortSignal,
  ): Promise<T> {
    return call<T>(this.http, {
      method,
      path,
      body,
      credentials: this.credentials,
      idempotencyKey: method === 'POST' ? (idempotencyKey ?? randomUUID()) : undefined,
      version: this.version,
      signal,
    });
  }

  /** Everything this agent is told, in order, for ever: `for await (const event of agent.events({ after }))`. */
  events(query: EventQuery = {}): AsyncGenerator<AuraEvent, void> {
    const read = (path: string, signal: AbortSignal | undefined) =>
      this.request<{ events: AuraEvent[]; next_after: string | null; has_more: boolean }>(
        'GET',
        path,
        undefined,
        undefined,
        signal,
      );
    return readEvents(read, { ...query, signal: anyOf(query.signal, this.http.signal) });
  }

  /** Where AURA sends webhooks; null for nowhere. */
  setEndpoints(endpoints: { webhook_url?: string | null; callback_url?: string | null }): Promise<Endpoints> {
    return this.request('PUT', `/v1/agents/${this.agentId}/endpoints`, endpoints);
  }

  /** Lets a new key take over. Requests signed by the old one count for `overlapSeconds` more. */
  replaceKey(next: KeyPair, overlapSeconds = 0): Promise<AgentKey> {
    const bytes = keyRotationBytes({ agentId: this.agentId, publicKey: next.publicKey });
    return this.request('POST', `/v1/agents/${this.agentId}/keys`, {
      public_key: next.publicKey,
      new_key_signature: next.sign(bytes),
      old_key_signature: this.key.sign(bytes),
      overlap_seconds: overlapSeconds,
    });
  }

  apiKeys(): Promise<ApiKeys> {
    return this.request('GET', `/v1/agents/${this.agentId}/api-keys`);
  }

  /** Replaces an API key; the answer is the one time that the new one and its secret are told. */
  rotateApiKey(keyId: string, overlapSeconds = 0): Promise<NewApiKey> {
    return this.request('POST', `/v1/agents/${this.agentId}/api-keys/${keyId}/rotation`, {
      overlap_seconds: overlapSeconds,
    });
  }

  protected watchAs<Message extends { event_id: string }>(
    sessionId: string,
    options: WatchOptions,
  ): AsyncGenerator<Message, void> {
    return watchSession<Message>({
      http: this.http,
      credentials: this.credentials,
      version: this.version,
      sessionId,
      ...options,
      signal: anyOf(options.signal, this.http.signal),
    });
  }
}
