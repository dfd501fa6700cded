/** A seller's agent. */
import { AgentClient } from './client';
import { apiKeyCredentials } from './credentials';
import { AuraApiError, type HttpOptions } from './http';
import type { KeyPair } from './keys';
import { signOffer } from './offers';
import {
  registerAgent,
  registerBeacon1,
  type AgentOptions,
  type ApiCredentials,
  type RegisteredPrincipal,
} from './registration';
import { pause } from './retry';
import type {
  BeaconDeal,
  BeaconRegistered,
  BeaconRegistration,
  OfferDocument,
  OfferRequest,
  OffersAccepted,
} from './types';

export type Decide = (request: OfferRequest) => Promise<OfferDocument[]> | OfferDocument[];

/** How often a request is looked at that could not be answered. */
const TRIES_MAX = 3;
const AFTER_FAILURE_MS = 500;

export class Beacon extends AgentClient {
  static async register(
    http: HttpOptions,
    principal: RegisteredPrincipal,
    options?: AgentOptions,
  ): Promise<Beacon> {
    const { agent, key } = await registerAgent(http, principal, 'beacon', options);
    return new Beacon(http, agent.agent_id, key);
  }

  /** Registers by protocol 1.0.0; keep what is in `credentials`, it is told this one time. */
  static async registerVersion1(
    http: HttpOptions,
    registration: BeaconRegistration & { key?: KeyPair },
  ): Promise<{ beacon: Beacon; credentials: ApiCredentials; registered: BeaconRegistered }> {
    const { registered, ...credentials } = await registerBeacon1(http, registration);
    return { beacon: new Beacon(http, apiKeyCredentials(credentials)), credentials, registered };
  }

  /** Requests that wait for this seller; waits up to `waitSeconds` (0–30) for one. */
  async openRequests(waitSeconds = 0, signal?: AbortSignal): Promise<OfferRequest[]> {
    const path = `/v1/beacons/sessions?wait=${waitSeconds}`;
    type Open = { sessions: OfferRequest[] };
    return (await this.request<Open>('GET', path, undefined, undefined, signal)).sessions;
  }

  /** Signs and sends offers; none says that this seller passes. */
  submitOffers(
    sessionId: string,
    offers: readonly OfferDocument[],
    idempotencyKey?: string,
  ): Promise<OffersAccepted> {
    const sign = (offer: OfferDocument) =>
      signOffer({ key: this.key, sessionId, beaconId: this.agentId, offer });
    const body = { offers: offers.map(sign) };
    return this.request('POST', `/v1/sessions/${sessionId}/offers`, body, idempotencyKey);
  }

  /** This seller's deals, newest first. */
  async deals(limit = 50): Promise<BeaconDeal[]> {
    const path = `/v1/beacons/${this.agentId}/transactions?limit=${limit}`;
    return (await this.request<{ transactions: BeaconDeal[] }>('GET', path)).transactions;
  }

  /**
   * Answers requests by long polling until the signal aborts. A request that ended meanwhile is passed over, and one that
   * cannot be answered is left after three tries; `onError` hears of it.
   */
  async serve(
    decide: Decide,
    signal: AbortSignal,
    options: { waitSeconds?: number; onError?: (error: unknown) => void } = {},
  ): Promise<void> {
    const { waitSeconds = 10, onError } = options;
    const failed = new Map<string, number>();
    while (!signal.aborted) {
      let isWell = true;
      const report = (error: unknown) => {
        if (signal.aborted) return;
        isWell = false;
        onError?.(error);
      };
      try {
        const open = await this.openRequests(waitSeconds, signal);
        forgetEnded(failed, open);
        for (const request of open) {
          const tries = failed.get(request.request_id) ?? 0;
          if (tries >= TRIES_MAX) isWell = false;
          else if (!(await this.answer(request, decide, report))) failed.set(request.request_id, tries + 1);
        }
      } catch (error) {
        report(error);
      }
      // Left requests stay open: without a pause they would be asked for without end.
      if (!isWell) await pause(AFTER_FAILURE_MS, signal).catch(() => signal.aborted);
    }
  }

  private async answer(
    request: OfferRequest,
    decide: Decide,
    report: (error: unknown) => void,
  ): Promise<boolean> {
    try {
      await this.submitOffers(request.session_id, await decide(request));
      return true;
    } catch (error) {
      if (error instanceof AuraApiError && error.code === 'SESSION_STATE_CONFLICT') return true;
      report(error);
      return false;
    }
  }
}

function forgetEnded(failed: Map<string, number>, open: readonly OfferRequest[]): void {
  const ids = new Set(open.map(({ request_id }) => request_id));
  for (const id of failed.keys()) if (!ids.has(id)) failed.delete(id);
}
