/** A seller's agent. */
import { offerSigningBytes, type OfferDocument } from '../domain/market/offer';
import { AgentClient, registerAgent, type AgentOptions, type RegisteredPrincipal } from './client';
import { AuraApiError, type HttpOptions } from './http';
import type { BeaconDeal, OfferRequest, OffersAccepted } from './types';

export type Decide = (request: OfferRequest) => Promise<OfferDocument[]> | OfferDocument[];

export class Beacon extends AgentClient {
  static async register(
    http: HttpOptions,
    principal: RegisteredPrincipal,
    options?: AgentOptions,
  ): Promise<Beacon> {
    const { agent, key } = await registerAgent(http, principal, 'beacon', options);
    return new Beacon(http, agent.agent_id, key);
  }

  /** Requests that wait for this seller; waits up to `waitSeconds` (0–30) for one. */
  async openRequests(waitSeconds = 0): Promise<OfferRequest[]> {
    const { sessions } = await this.request<{ sessions: OfferRequest[] }>(
      'GET',
      `/v1/beacons/sessions?wait=${waitSeconds}`,
    );
    return sessions;
  }

  /** Signs and sends offers; none says that this seller passes. */
  submitOffers(sessionId: string, offers: readonly OfferDocument[]): Promise<OffersAccepted> {
    return this.request('POST', `/v1/sessions/${sessionId}/offers`, {
      offers: offers.map((offer) => this.sign(sessionId, offer)),
    });
  }

  /** This seller's deals, newest first. */
  async deals(limit = 50): Promise<BeaconDeal[]> {
    const path = `/v1/beacons/${this.agentId}/transactions?limit=${limit}`;
    return (await this.request<{ transactions: BeaconDeal[] }>('GET', path)).transactions;
  }

  private sign(sessionId: string, offer: OfferDocument): OfferDocument & { signature: string } {
    // Through JSON once, so that exactly what is sent is what is signed.
    const sent = JSON.parse(JSON.stringify(offer)) as OfferDocument;
    return {
      ...sent,
      signature: this.key.sign(offerSigningBytes({ sessionId, beaconId: this.agentId, offer: sent })),
    };
  }

  /** Answers requests until the signal aborts. A request that ended meanwhile is passed over. */
  async serve(
    decide: Decide,
    signal: AbortSignal,
    options: { waitSeconds?: number; onError?: (error: unknown) => void } = {},
  ): Promise<void> {
    const { waitSeconds = 10, onError } = options;
    while (!signal.aborted) {
      try {
        for (const request of await this.openRequests(waitSeconds)) {
          await this.submitOffers(request.session_id, await decide(request));
        }
      } catch (error) {
        if (signal.aborted) return;
        const ended = error instanceof AuraApiError && error.code === 'SESSION_STATE_CONFLICT';
        if (!ended) {
          onError?.(error);
          await new Promise((resolve) => setTimeout(resolve, 500));
        }
      }
    }
  }
}
