import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import { newId } from '../../domain/ids';
import { RAIL_TERMS } from '../../domain/rail-terms';
import type { ReconciliationInput, ReconciliationResult } from '../../workflows/messages';
import { CLEARING_TASK_QUEUE } from '../../workflows/messages';
import { csv } from '../csv';
import type { ApiDeps } from '../deps';
import { route, type Route } from '../route';
import { reportQuery, reportResponse, runRequest, runResponse } from '../schemas/reconciliation';
import { reportView } from '../views/reconciliation';
import { reportPage } from '../views/reconciliation-page';
import { decisionRoutes } from './reconciliation-decisions';
import { statementRoutes } from './statements';

const HOUR_MS = 3_600_000;
const RUN_WAIT_MS = 60_000;

export function reconciliationRoutes(): Route[] {
  return [report, run, ...statementRoutes(), ...decisionRoutes()];
}

const report = route<unknown, z.infer<typeof reportQuery>>({
  method: 'get',
  path: '/v1/reconciliation/reports',
  summary: 'Totals by rail, currency, day and principal, tied to the ledger; JSON, CSV or a page',
  tag: 'Finance',
  access: ['scout', 'beacon', 'operator'],
  query: reportQuery,
  response: {
    mediaTypes: ['application/json', 'text/csv', 'text/html'],
    status: 200,
    schema: reportResponse,
    description: 'The report; parties see their own lines',
  },
  errors: ['INVALID_PARAMETER'],
  async handler({ query, agent, deps }) {
    const isOperator = agent.role === 'operator';
    const { format, ...period } = query;
    const filter = { ...period, principalId: isOperator ? undefined : agent.principalId };
    const body = await reportView(deps.db, filter, isOperator);
    if (format === 'csv')
      return { status: 200, body: csv(body.totals), contentType: 'text/csv; charset=utf-8' };
    if (format === 'html') {
      const headers = { 'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'" };
      return {
        status: 200,
        body: reportPage(body, period),
        headers,
        contentType: 'text/html; charset=utf-8',
      };
    }
    return { status: 200, body };
  },
});

const run = route<unknown, unknown, z.infer<typeof runRequest>>({
  method: 'post',
  path: '/v1/reconciliation/runs',
  summary: 'Reconcile a rail now, against its statement of the last hours',
  tag: 'Finance',
  access: ['operator'],
  body: runRequest,
  response: { status: 201, schema: runResponse, description: 'What the run found' },
  errors: ['INVALID_REQUEST', 'INVALID_PARAMETER', 'INSUFFICIENT_PERMISSIONS', 'SERVICE_UNAVAILABLE'],
  async handler({ body, deps }) {
    const asset = body.currency ?? Object.keys(RAIL_TERMS[body.rail].maxAmountMinor)[0] ?? 'USD';
    const result = await runReconciliation(deps, `reconciliation-${body.rail}-${newId('reconciliation')}`, {
      rail: body.rail,
      asset,
      lookbackMs: body.lookback_hours * HOUR_MS,
    });
    return {
      status: 201,
      body: {
        run_id: result.runId,
        lines: result.lines,
        matched: result.matched,
        open_breaks: result.openBreaks,
      },
    };
  },
});

/** Starts a run, or joins the one of this id, and waits for what it finds. */
export async function runReconciliation(
  { temporal }: Pick<ApiDeps, 'temporal'>,
  workflowId: string,
  input: ReconciliationInput,
): Promise<ReconciliationResult> {
  const handle = await temporal.workflow.start<(input: ReconciliationInput) => Promise<ReconciliationResult>>(
    'reconciliation',
    {
      workflowId,
      taskQueue: CLEARING_TASK_QUEUE,
      args: [input],
      workflowExecutionTimeout: RUN_WAIT_MS * 10,
      workflowIdConflictPolicy: 'USE_EXISTING',
    },
  );
  return temporal
    .withDeadline(Date.now() + RUN_WAIT_MS, () => handle.result())
    .catch((error: unknown) => {
      const failure = new AuraError(
        'SERVICE_UNAVAILABLE',
        'The run has not finished; its report will show it.',
      );
      failure.cause = error;
      throw failure;
    });
}
