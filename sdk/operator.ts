/** An operator of the clearinghouse or a rail. */
import { AgentClient } from './client';
import type {
  NettingCycle,
  OperatorDecision,
  PaymentExceptions,
  RailKey,
  Rails,
  ReconciliationBreak,
  ReconciliationMatch,
  ReconciliationRun,
  Recoveries,
  StatementFile,
} from './types';

export class Operator extends AgentClient {
  reconcile(rail: string, lookbackHours = 48): Promise<ReconciliationRun> {
    return this.request('POST', '/v1/reconciliation/runs', { rail, lookback_hours: lookbackHours });
  }

  /** Payments that are stuck, and what may be decided about each. */
  exceptions(
    query: { status?: string; rail?: string; transaction_id?: string } = {},
  ): Promise<PaymentExceptions> {
    return this.request('GET', withQuery('/v1/exceptions', query));
  }

  decide(exceptionId: string, input: { action: string; reason: string }): Promise<OperatorDecision> {
    return this.request('POST', `/v1/exceptions/${exceptionId}/decisions`, input);
  }

  /** Debts after reversals, with every cent that made up for them. */
  recoveries(query: { status?: string } = {}): Promise<Recoveries> {
    return this.request('GET', withQuery('/v1/recoveries', query));
  }

  /** Lets a suspended agent or principal back in. */
  reinstate(id: string, reason: string): Promise<{ id: string; status: string }> {
    return this.request('POST', `/v1/reinstatements/${id}`, { reason });
  }

  /** Closes a netting cycle now; its answer is the cycle as it stands. */
  closeNettingCycle(cycleId: string): Promise<NettingCycle> {
    return this.request('POST', `/v1/netting/cycles/${cycleId}/close`);
  }

  /** Every rail: terms, health, and the keys of its adapters. */
  rails(): Promise<Rails> {
    return this.request('GET', '/v1/rails');
  }

  /** Registers a key for a rail's adapter; it proves executions from `validFrom` (default: now) on. */
  registerRailKey(input: {
    rail: string;
    publicKey: string;
    keyId?: string;
    validFrom?: Date;
  }): Promise<RailKey> {
    return this.request('POST', '/v1/rails', {
      rail: input.rail,
      public_key: input.publicKey,
      key_id: input.keyId,
      valid_from: input.validFrom?.toISOString(),
    });
  }

  /** From now on the key proves nothing; what it proved before stands. */
  revokeRailKey(rail: string, keyId: string): Promise<RailKey> {
    return this.request('DELETE', `/v1/rails/${rail}/keys/${keyId}`);
  }

  /** Takes in a statement file: `camt.053`, `camt.054`, `card-csv` or `nacha-return`, at most 1 MiB. */
  importStatement(input: {
    rail: string;
    format: string;
    content: string;
    network?: string;
  }): Promise<StatementFile> {
    const { content, ...about } = input;
    const query = new URLSearchParams(Object.entries(about).filter(([, value]) => value !== undefined));
    return this.request('POST', `/v1/reconciliation/statements?${query.toString()}`, { content });
  }

  /** Matches statement lines with movements by hand; without any, the lines are accepted into suspense. */
  matchLines(input: {
    lines: string[];
    instructionIds?: string[];
    noticeIds?: string[];
    reason: string;
    /** Where money goes that the lines lack; default suspense. */
    differenceTo?: 'rail_fees' | 'suspense';
  }): Promise<ReconciliationMatch> {
    return this.request('POST', '/v1/reconciliation/matches', {
      lines: input.lines,
      instruction_ids: input.instructionIds,
      notice_ids: input.noticeIds,
      reason: input.reason,
      difference_to: input.differenceTo,
    });
  }

  /** Closes a break that needs nothing more. */
  resolveBreak(breakId: string, reason: string): Promise<ReconciliationBreak> {
    return this.request('POST', `/v1/reconciliation/breaks/${breakId}/resolve`, { reason });
  }
}

function withQuery(path: string, query: Readonly<Record<string, string>>): string {
  const search = new URLSearchParams(query).toString();
  return search === '' ? path : `${path}?${search}`;
}
