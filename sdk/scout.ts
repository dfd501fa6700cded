/** A buyer's agent. */
import { AgentClient, registerAgent, type AgentOptions, type RegisteredPrincipal } from './client';
import type { HttpOptions } from './http';
import type { Constraints } from '../domain/constraints';
import type { RankedOffer, RankedOffers, Session, Transaction } from './types';

export interface Intent {
  intent: string;
  constraints?: Constraints;
  profileId?: string;
  maxOffers?: number;
  /** 10–120. */
  offerTimeoutSeconds?: number;
}

export interface Commitment {
  offerId: string;
  quantity?: number;
  rail: string;
  mandateId?: string;
  /** Whether another of the principal's mandates may be used should this one's rail fail. */
  fallback?: boolean;
  buyer: { name: string; email?: string; phone?: string };
  shippingAddress?: Record<string, string>;
  shippingPreference?: string;
  expectedTotal?: string;
  consent?: { shareIdentity?: boolean; shareEmail?: boolean; sharePhone?: boolean; marketing?: boolean };
}

export class Scout extends AgentClient {
  static async register(
    http: HttpOptions,
    principal: RegisteredPrincipal,
    options?: AgentOptions,
  ): Promise<Scout> {
    const { agent, key } = await registerAgent(http, principal, 'scout', options);
    return new Scout(http, agent.agent_id, key);
  }

  openSession(input: Intent): Promise<Session> {
    return this.request('POST', '/v1/sessions', {
      intent: input.intent,
      constraints: input.constraints,
      profile_id: input.profileId,
      preferences: { max_offers: input.maxOffers, offer_timeout_seconds: input.offerTimeoutSeconds },
    });
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

  /** Waits until the offers are ranked. Throws where the session ends without any. */
  async rankedOffers(
    sessionId: string,
    options: { timeoutMs?: number; everyMs?: number; onOffers?: (count: number) => void } = {},
  ): Promise<RankedOffer[]> {
    const { timeoutMs = 130_000, everyMs = 150, onOffers } = options;
    const deadline = Date.now() + timeoutMs;
    let seen = 0;
    for (;;) {
      const session = await this.session(sessionId);
      if (session.offers_count !== seen) onOffers?.(session.offers_count);
      seen = session.offers_count;
      if (session.status === 'offers_available') return (await this.offers(sessionId)).offers;
      const waiting = ['created', 'interpreting', 'discovering', 'collecting_offers'].includes(
        session.status,
      );
      if (!waiting || Date.now() > deadline) throw new Error(`session ${sessionId} is ${session.status}`);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
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
