/** Disputes, as any agent deals with them: file, answer, vote, and take the evidence home. */
import { canonicalJson } from '../domain/canonical';
import { voteSigningBytes } from '../domain/clearing/dispute-vote';
import type { Request } from './http';
import type { KeyPair } from './keys';
import type { Dispute, DisputeReason, DisputeSummary, EvidenceBundle, ExhibitInput, Remedy } from './types';

/** Sends a request signed by the agent. */
export type Send = <T>(
  method: Request['method'],
  path: string,
  body?: unknown,
  idempotencyKey?: string,
) => Promise<T>;

export interface DisputeClaim {
  reason: DisputeReason;
  description: string;
  remedy: Remedy;
  /** Decimal of the deal's asset, for a partial refund. */
  amount?: string;
  evidence?: ExhibitInput[];
}

export class DisputeClient {
  constructor(
    private readonly send: Send,
    private readonly agentId: string,
    private readonly keyOf: () => KeyPair,
  ) {}

  file(transactionId: string, claim: DisputeClaim, idempotencyKey?: string): Promise<Dispute> {
    const { remedy: remedy_requested, ...rest } = claim;
    const body = { ...rest, remedy_requested };
    return this.send('POST', `/v1/transactions/${transactionId}/disputes`, body, idempotencyKey);
  }

  get(disputeId: string): Promise<Dispute> {
    return this.send('GET', `/v1/disputes/${disputeId}`);
  }

  /** By deadline; operators see all, others their own. */
  async list(status?: Dispute['status'] | 'overdue'): Promise<DisputeSummary[]> {
    const query = status === undefined ? '' : `?status=${status}`;
    return (await this.send<{ disputes: DisputeSummary[] }>('GET', `/v1/disputes${query}`)).disputes;
  }

  /** The respondent accepts or contests; both sides may add evidence until the decision. */
  answer(
    disputeId: string,
    answer: { position: 'accept' | 'contest' | 'evidence'; statement: string; evidence?: ExhibitInput[] },
  ): Promise<Dispute> {
    return this.send('POST', `/v1/disputes/${disputeId}/answers`, answer);
  }

  /** As arbiter; operators only. */
  resolve(
    disputeId: string,
    decision: { remedy: Remedy; amount?: string; reason: string },
  ): Promise<Dispute> {
    return this.send('POST', `/v1/disputes/${disputeId}/resolution`, decision);
  }

  /** Has a panel decide; operators only. The quorum is more than half of the members. */
  appointPanel(disputeId: string, panel: { members: string[]; quorum: number }): Promise<Dispute> {
    return this.send('POST', `/v1/disputes/${disputeId}/panel`, panel);
  }

  /** Votes as a member of the panel; the vote itself is signed by the agent's key. `amount` has all digits: "10.00". */
  vote(
    disputeId: string,
    { remedy, amount, reason }: { remedy: Remedy; amount?: string; reason: string },
  ): Promise<Dispute> {
    const vote = { remedy, ...(amount !== undefined && { amount }), reason };
    const bytes = voteSigningBytes({ dispute_id: disputeId, member_id: this.agentId, ...vote });
    return this.send('POST', `/v1/disputes/${disputeId}/votes`, {
      ...vote,
      signature: this.keyOf().sign(bytes),
    });
  }

  evidence(disputeId: string): Promise<EvidenceBundle> {
    return this.send('GET', `/v1/disputes/${disputeId}/evidence`);
  }

  evidenceOfTransaction(transactionId: string): Promise<EvidenceBundle> {
    return this.send('GET', `/v1/transactions/${transactionId}/evidence`);
  }
}

/** A bundle as the file that `bin/verify-bundle.ts` checks. */
export function bundleText(signed: EvidenceBundle): string {
  return `${canonicalJson(signed)}\n`;
}
