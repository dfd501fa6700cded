/** An operator of the clearinghouse or a rail. */
import { AgentClient } from './client';
import type { ReconciliationRun } from './types';

export class Operator extends AgentClient {
  reconcile(rail: string, lookbackHours = 48): Promise<ReconciliationRun> {
    return this.request('POST', '/v1/reconciliation/runs', { rail, lookback_hours: lookbackHours });
  }
}
