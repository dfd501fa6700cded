import type { CommitTerms } from './gate';

/** What a scout asked for, kept under the transaction's id until the gate has decided. */
export interface CommitRequest {
  sessionId: string;
  scoutId: string;
  terms: CommitTerms;
  /** The mandate to use; without one the gate picks among the principal's. */
  mandateId?: string;
  /** Whether other mandates of the principal may be used should this one's rail fail; only unnamed ones by default. */
  fallback?: boolean;
  buyerIdentity: { name: string; email?: string; phone?: string };
  shippingAddress: Record<string, unknown> | null;
}
