/** What clients may say to workflows: names, inputs and answers. Shared with the API; no code runs here. */
import { defineSignal, defineUpdate } from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { Refusal } from '../../domain/errors';

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
  /** How long a day of margin decay takes, milliseconds; tests shorten it. */
  dayMs?: number;
}

export type CommitAnswer =
  | { outcome: 'refused'; refusal: Refusal }
  | { outcome: 'committed' }
  | { outcome: 'margin_called'; forMs: number };

/** Waits for the gate's answer. */
export const transactionCommit = defineUpdate<CommitAnswer>('commit');

export type DeliveryAnswer =
  | { outcome: 'completed' }
  | { outcome: 'fulfilled' }
  | { outcome: 'waiting'; state: string; clearing: string | null };

/** Delivery was reported; waits for what it changed. */
export const transactionDelivered = defineUpdate<DeliveryAnswer>('delivered');
/** The rail's statement matched the deal. */
export const statementMatched = defineSignal('statementMatched');
/** A deposit may answer the margin call. */
export const marginFunded = defineSignal('marginFunded');
/** An operator asks the rail once more about a payment whose inquiries ran out. */
export const inquireAgain = defineSignal('inquireAgain');

export interface DepositInput {
  depositId: string;
}

export interface PayoutInput {
  transactionId: string;
}

export interface MandateInput {
  rail: string;
  mandateId: string;
  accountRef: string;
  ceilingMinor: string;
  asset: string;
  expiresAt: string;
}

export interface ReconciliationInput {
  rail: string;
  asset: string;
  /** How far back the statement is read, milliseconds. */
  lookbackMs: number;
}

export interface ReconciliationResult {
  runId: string;
  lines: number;
  matched: number;
  openBreaks: number;
}
