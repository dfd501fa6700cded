/** A buyer's agent. */
import { AgentClient } from './client';
import { apiKeyCredentials } from './credentials';
import type { HttpOptions } from './http';
import type { KeyPair } from './keys';
import { poll, type PollOptions } from './polling';
import {
  registerAgent,
  registerScout1,
  type AgentOptions,
  type ApiCredentials,
  type RegisteredPrincipal,
} from './registration';
import type {
  CommitRequest,
  Constraints,
  Offer,
  RankedOffer,
  RankedOffers,
  ScoutRegistered,
  ScoutRegistration,
  Session,
  SessionContext,
  SessionMessage,
  Transaction,
} from './types';
import type { WatchOptions } from './watch';

export interface Intent {
  intent: string;
  constraints?: Constraints;
  /** Stays with AURA. */
  context?: SessionContext;
  profileId?: string;
  maxOffers?: number;
  /** 10–120. */
  offerTimeoutSeconds?: number;
}

type Payment = NonNullable<CommitRequest['payment_method']>;

export interface Commitment {
  offerId: string;
  quantity?: number;
  /** A rail or a method of payment; negotiated between both sides without. */
  rail?: Payment['type'] | (string & {});
  mandateId?: string;
  /** Whether another of the principal's mandates may be used should this one's rail fail. */
  fallback?: boolean;
  buyer: { name: string; email?: string; phone?: string };
  shippingAddress?: Record<string, string>;
  shippingPreference?: string;
  expectedTotal?: string;
  consent?: { shareIdentity?: boolean; shareEmail?: boolean; sharePhone?: boolean; marketing?: boolean };
}

const WAITING = new Set<string>(['created', 'interpreting', 'discovering', 'collecting_offers']);

export class Scout extends AgentClient {
  static async register(
    http: HttpOptions,
    principal: RegisteredPrincipal,
    options?: AgentOptions,
  ): Promise<Scout> {
    const { agent, key } = await registerAgent(http, principal, 'scout', options);
    return new Scout(http, agent.agent_id, key);
  }

  /**
   * Registers by protocol 1.0.0: no principal is needed beforehand. The scout signs by its key beside its API key; keep
   * what is in `credentials`, it is told this one time.
   */
  static async registerVersion1(
    http: HttpOptions,
    registration: ScoutRegistration & { key?: KeyPair },
  ): Promise<{ scout: Scout; credentials: ApiCredentials; registered: ScoutRegistered }> {
    const { registered, ...credentials } = await registerScout1(http, registration);
    return { scout: new Scout(http, apiKeyCredentials(credentials)), credentials, registered };
  }

  openSession(input: Intent, idempotencyKey?: string): Promise<Session> {
    const body = {
      intent: input.intent,
      constraints: input.constraints,
      context: input.context,
      profile_id: input.profileId,
      preferences: { max_offers: input.maxOffers, offer_timeout_seconds: input.offerTimeoutSeconds },
    };
    return this.request('POST', '/v1/sessions', body, idempotencyKey);
  }

  session(sessionId: string): Promise<Session> {
    return this.request('GET', `/v1/sessions/${sessionId}`);
  }

  cancelSession(sessionId: string): Promise<{ status: string }> {
    return this.request('DELETE', `/v1/sessions/${sessionId}`);
  }

  offers(sessionId: string): Promise<RankedOffers> {
    return this.request('GET', `/v1/sessions/${sessionId}/offers`);
  }

  offer(offerId: string): Promise<Offer> {
    return this.request('GET', `/v1/offers/${offerId}`);
  }

  /** What happens in a session, as it happens; ends with the session. */
  watch(sessionId: string, options: WatchOptions = {}): AsyncGenerator<SessionMessage, void> {
    return this.watchAs(sessionId, options);
  }

  /** Waits until the offers are ranked, best first. Throws where the session ends without any. */
  async waitForOffers(
    sessionId: string,
    options: PollOptions & { onOffers?: (count: number) => void } = {},
  ): Promise<RankedOffer[]> {
    const { timeoutMs = 130_000, everyMs = 150, signal, onOffers } = options;
    let seen = 0;
    const standing = ({ status }: Session) => `session ${sessionId} is ${status}`;
    const session = await poll({
      timeoutMs,
      everyMs,
      signal,
      standing,
      reached: ({ status }) => !WAITING.has(status),
      read: async () => {
        const read = await this.session(sessionId);
        if (read.offers_count !== seen) onOffers?.(read.offers_count);
        seen = read.offers_count;
        return read;
      },
    });
    if (session.status !== 'offers_available') throw new Error(standing(session));
    return (await this.offers(sessionId)).offers;
  }

  /** The same as `waitForOffers`. */
  rankedOffers(...wait: Parameters<Scout['waitForOffers']>): Promise<RankedOffer[]> {
    return this.waitForOffers(...wait);
  }

  /** Commits to one offer. With the same key it is the same commitment, however often it is sent. */
  commit(sessionId: string, input: Commitment, idempotencyKey?: string): Promise<Transaction> {
    const { consent = {} } = input;
    const body = {
      offer_id: input.offerId,
      quantity: input.quantity ?? 1,
      authority: { kind: 'owner' },
      consent: {
        share_identity_with_merchant: consent.shareIdentity ?? true,
        share_email_for_order_updates: consent.shareEmail ?? true,
        share_phone_for_delivery: consent.sharePhone ?? false,
        marketing_opt_in: consent.marketing ?? false,
        consent_timestamp: new Date().toISOString(),
        consent_method: 'explicit_user_action',
      },
      buyer_identity: input.buyer,
      shipping_address: input.shippingAddress,
      shipping_preference: input.shippingPreference,
      payment_method: { type: input.rail, mandate_id: input.mandateId, fallback: input.fallback },
      expected_total: input.expectedTotal,
    };
    return this.request('POST', `/v1/sessions/${sessionId}/commit`, body, idempotencyKey);
  }
}
