/** Agents that speak protocol 1.0.0 in its own names: one `status`, amounts as numbers, hints instead of constraints. */
import { VERSION_1 } from '../domain/versions';
import { SignedAgent } from './agent';
import { apiKeyCredentials } from './credentials';
import type { HttpOptions } from './http';
import type { KeyPair } from './keys';
import { signOffer1 } from './offers';
import { poll, type PollOptions } from './polling';
import { registerBeacon1, registerScout1, type ApiCredentials } from './registration';
import type {
  BeaconDeal1,
  BeaconMetadata1,
  BeaconRegistered,
  BeaconRegistration,
  Cancelled1,
  Commit1,
  CommitRequest,
  Offer1,
  OffersAccepted,
  RankedOffers1,
  Schemas,
  ScoutRegistered,
  ScoutRegistration,
  Session1,
  SessionCreated1,
  SessionMessage1,
  SessionRequest1,
  StatedOffer1,
  Transaction1,
} from './types';
import type { WatchOptions } from './watch';

export type PendingRequest1 = Schemas['BeaconRequests']['requests'][number];

abstract class Agent1 extends SignedAgent {
  protected readonly version = VERSION_1;

  transaction(transactionId: string): Promise<Transaction1> {
    return this.request('GET', `/v1/transactions/${transactionId}`);
  }

  /** Cancels before fulfilment, gives back after settlement. */
  cancelTransaction(transactionId: string, reason?: string): Promise<Cancelled1> {
    const query = reason === undefined ? '' : `?${new URLSearchParams({ reason }).toString()}`;
    return this.request('DELETE', `/v1/transactions/${transactionId}${query}`);
  }

  /** Reads the transaction until it is where you want it, or throws after the time. */
  waitFor(
    transactionId: string,
    reached: (transaction: Transaction1) => boolean,
    { timeoutMs = 60_000, everyMs = 200, signal }: PollOptions = {},
  ): Promise<Transaction1> {
    return poll({
      timeoutMs,
      everyMs,
      signal,
      reached,
      read: () => this.transaction(transactionId),
      standing: ({ status }) => `${transactionId} is still ${status}`,
    });
  }
}

const WAITING = new Set<string>(['created', 'interpreting', 'discovering', 'collecting_offers']);

export class Scout1 extends Agent1 {
  static async register(
    http: HttpOptions,
    registration: ScoutRegistration & { key?: KeyPair },
  ): Promise<{ scout: Scout1; credentials: ApiCredentials; registered: ScoutRegistered }> {
    const { registered, ...credentials } = await registerScout1(http, registration);
    return { scout: new Scout1(http, apiKeyCredentials(credentials)), credentials, registered };
  }

  openSession(request: SessionRequest1, idempotencyKey?: string): Promise<SessionCreated1> {
    return this.request('POST', '/v1/sessions', request, idempotencyKey);
  }

  session(sessionId: string): Promise<Session1> {
    return this.request('GET', `/v1/sessions/${sessionId}`);
  }

  cancelSession(sessionId: string): Promise<{ session_id: string; status: string }> {
    return this.request('DELETE', `/v1/sessions/${sessionId}`);
  }

  offers(sessionId: string): Promise<RankedOffers1> {
    return this.request('GET', `/v1/sessions/${sessionId}/offers`);
  }

  offer(offerId: string): Promise<Offer1> {
    return this.request('GET', `/v1/offers/${offerId}`);
  }

  /** Waits until the offers are ranked, best first. Throws where the session ends without any. */
  async waitForOffers(
    sessionId: string,
    { timeoutMs = 130_000, everyMs = 200, signal }: PollOptions = {},
  ): Promise<RankedOffers1['offers']> {
    const standing = ({ status }: Session1) => `session ${sessionId} is ${status}`;
    const session = await poll({
      timeoutMs,
      everyMs,
      signal,
      standing,
      read: () => this.session(sessionId),
      reached: ({ status }) => !WAITING.has(status),
    });
    if (session.status !== 'offers_ready') throw new Error(standing(session));
    return (await this.offers(sessionId)).offers;
  }

  /** With the same key it is the same commitment, however often it is sent. */
  commit(sessionId: string, commitment: CommitRequest, idempotencyKey?: string): Promise<Commit1> {
    return this.request('POST', `/v1/sessions/${sessionId}/commit`, commitment, idempotencyKey);
  }

  /** What happens in a session, as it happens; ends with the session. */
  watch(sessionId: string, options: WatchOptions = {}): AsyncGenerator<SessionMessage1, void> {
    return this.watchAs(sessionId, options);
  }
}

export class Beacon1 extends Agent1 {
  static async register(
    http: HttpOptions,
    registration: BeaconRegistration & { key?: KeyPair },
  ): Promise<{ beacon: Beacon1; credentials: ApiCredentials; registered: BeaconRegistered }> {
    const { registered, ...credentials } = await registerBeacon1(http, registration);
    return { beacon: new Beacon1(http, apiKeyCredentials(credentials)), credentials, registered };
  }

  /** Requests that wait for this seller, as its webhook would bring them; waits up to `waitSeconds` (0–30) for one. */
  async openRequests(waitSeconds = 0, signal?: AbortSignal): Promise<PendingRequest1[]> {
    const path = `/v1/beacons/${this.agentId}/requests?wait=${waitSeconds}`;
    type Open = { requests: PendingRequest1[] };
    return (await this.request<Open>('GET', path, undefined, undefined, signal)).requests;
  }

  /** Signs and sends offers; none says that this seller passes. Signed once, so that a repetition is the same. */
  submitOffers(
    request: { session_id: string; request_id: string },
    offers: readonly StatedOffer1[],
    more: { metadata?: BeaconMetadata1; idempotencyKey?: string } = {},
  ): Promise<OffersAccepted> {
    const body = {
      request_id: request.request_id,
      beacon_id: this.agentId,
      offers: offers.map((offer) => signOffer1({ key: this.key, beaconId: this.agentId, offer })),
      beacon_metadata: more.metadata,
    };
    return this.request('POST', `/v1/sessions/${request.session_id}/offers`, body, more.idempotencyKey);
  }

  /** This seller's deals, newest first. */
  async deals(limit = 50): Promise<BeaconDeal1[]> {
    const path = `/v1/beacons/${this.agentId}/transactions?limit=${limit}`;
    return (await this.request<{ transactions: BeaconDeal1[] }>('GET', path)).transactions;
  }

  reportDelivery(transactionId: string, evidence: Record<string, unknown> = {}): Promise<Transaction1> {
    const body = { status: 'delivered', evidence };
    return this.request('POST', `/v1/transactions/${transactionId}/fulfillment`, body);
  }
}
