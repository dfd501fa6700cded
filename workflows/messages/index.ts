/** What clients may say to workflows: names, inputs and answers. Shared with the API; no code runs here. */
import { defineSignal, defineUpdate } from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { Refusal } from '../../domain/errors';
import type { PayoutSchedule } from '../../domain/settlement';

export const CLEARING_TASK_QUEUE = 'clearing';
export const railTaskQueue = (rail: string): string => `rail-${rail}`;

/** After a crash a workflow task is given to another worker when this is over; it costs nothing otherwise. */
export const WORKFLOW_TASK_TIMEOUT_MS = 2_000;

export const SEARCH_ATTRIBUTES = {
  agentId: defineSearchAttributeKey('AgentId', SearchAttributeType.KEYWORD),
  principalId: defineSearchAttributeKey('PrincipalId', SearchAttributeType.KEYWORD),
  rail: defineSearchAttributeKey('Rail', SearchAttributeType.KEYWORD),
  marketState: defineSearchAttributeKey('MarketState', SearchAttributeType.KEYWORD),
  clearingState: defineSearchAttributeKey('ClearingState', SearchAttributeType.KEYWORD),
  amountUsd: defineSearchAttributeKey('AmountUsd', SearchAttributeType.DOUBLE),
  profile: defineSearchAttributeKey('Profile', SearchAttributeType.KEYWORD),
} as const;

export interface SessionInput {
  sessionId: string;
}

/** Waits until the session has been interpreted and its sellers asked, or failed at it. */
export const sessionOpened = defineUpdate<{ state: string; refusal?: Refusal }>('opened');
export const sessionCancel = defineUpdate<{ state: string; cancelled: boolean }, [{ by: string }]>('cancel');
/** Every seller that was asked has answered, or the session is full. */
export const offersComplete = defineSignal('offersComplete');
export const sessionCommitted = defineSignal('committed');

export interface TransactionInput {
  transactionId: string;
}

export type CommitAnswer =
  | { outcome: 'refused'; refusal: Refusal }
  | { outcome: 'committed' }
  | { outcome: 'margin_called'; forMs: number };

/** Waits for the gate's answer. */
export const transactionCommit = defineUpdate<CommitAnswer>('commit');

/** Where a deal stands after its workflow looked at it. */
export interface DealAnswer {
  market: string;
  clearing: string | null;
}

/** Delivery was reported; waits for what it changed. */
export const transactionDelivered = defineUpdate<DealAnswer>('delivered');
/** The rail's statement matched the deal. */
export const statementMatched = defineSignal('statementMatched');
/** A deposit may answer the margin call. */
export const marginFunded = defineSignal('marginFunded');
/** The books have something new about the deal: a cancellation, refund, dispute or notice. */
export const dealChanged = defineSignal('dealChanged');
/** An operator has decided about an exception of this payment. */
export const operatorDecided = defineSignal('operatorDecided');

export interface DepositInput {
  depositId: string;
}

/** One deal's proceeds, or all that a principal has gathered in an asset. */
export type PayoutInput = { transactionId: string } | { principalId: string; asset: string; runId: string };

export interface PayoutRunInput {
  schedule: PayoutSchedule;
}

export interface RefundInput {
  refundId: string;
  /** What is asked for, where the refund was not granted yet. */
  order?: RefundRequest;
}

export interface RefundRequest {
  transactionId: string;
  /** Minor units; null for all that is left. */
  amountMinor: string | null;
  reason: string;
  requestedBy: string;
}

export type RefundAnswer = { outcome: 'granted' } | { outcome: 'refused'; refusal: Refusal };

/** Waits until the refund is granted or refused. */
export const refundDecided = defineUpdate<RefundAnswer>('refundDecided');

export interface RecoveryInput {
  recoveryId: string;
}

export interface RepresentmentInput {
  rail: string;
  contest: {
    /** The network's id of the chargeback's notice. */
    noticeId: string;
    instructionId: string;
    statement: string;
    evidenceSha256: string;
  };
}

export interface RepresentmentAnswer {
  outcome: 'accepted' | 'rejected' | 'unknown';
  detail: string;
}

export interface NoticesInput {
  rail: string;
}

export interface RetryInput {
  transactionId: string;
  /** How long to wait before the payment is presented again. */
  afterMs: number;
}

export interface MandateInput {
  rail: string;
  mandateId: string;
  accountRef: string;
  ceilingMinor: string;
  asset: string;
  expiresAt: string;
}

export * from './dispute';
export * from './reconciliation';
export * from './netting';
