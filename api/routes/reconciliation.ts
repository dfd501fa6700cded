import type { z } from 'zod';
import { AuraError } from '../../domain/errors';
import { newId } from '../../domain/ids';
import { formatMoney } from '../../domain/money';
import { latestRuns, listBreaks, reportRows, type ReportRow } from '../../store/reconciliation';
import type { ReconciliationInput, ReconciliationResult } from '../../workflows/messages';
import { CLEARING_TASK_QUEUE } from '../../workflows/messages';
import { csv } from '../csv';
import { route, type Route } from '../route';
import { reportQuery, reportResponse, runRequest, runResponse } from '../schemas/clearing';

const BREAKS_SHOWN = 500;
const HOUR_MS = 3_600_000;
const RUN_WAIT_MS = 60_000;

export function reconciliationRoutes(): Route[] {
  return [report, run];
}

const report = route<unknown, z.infer<typeof reportQuery>>({
  method: 'get',
  path: '/v1/reconciliation/reports',
  summary: 'Totals by rail, currency, day and principal, tied to the ledger; JSON or CSV',
  tag: 'Finance',
  access: ['scout', 'beacon', 'operator'],
  query: reportQuery,
  response: { status: 200, schema: reportResponse, description: 'The report; parties see their own lines' },
  errors: ['INVALID_PARAMETER'],
  async handler({ query, agent, deps }) {
    const isOperator = agent.role === 'operator';
    const { rail, from, to } = query;
    const principalId = isOperator ? undefined : agent.principalId;
    const found = await reportRows(deps.db, { rail, from, to, principalId });
    const totals = found.map(totalView);
    if (query.format === 'csv')
      return { status: 200, body: csv(totals), contentType: 'text/csv; charset=utf-8' };
    const [runs, breaks] = isOperator
      ? await Promise.all([latestRuns(deps.db), listBreaks(deps.db, { rail, limit: BREAKS_SHOWN })])
      : [[], []];
    return {
      status: 200,
      body: {
        generated_at: new Date().toISOString(),
        totals,
        ties: found.every(({ differenceMinor }) => differenceMinor === 0n),
        runs: runs.map(
          ({ openingMinor, closingMinor, asset, from: start, to: end, finishedAt, ...rest }) => ({
            ...rest,
            currency: asset,
            period_from: start.toISOString(),
            period_to: end.toISOString(),
            opening_balance: openingMinor && formatMoney({ amountMinor: BigInt(openingMinor), asset }),
            closing_balance: closingMinor && formatMoney({ amountMinor: BigInt(closingMinor), asset }),
            finished_at: finishedAt?.toISOString() ?? null,
          }),
        ),
        breaks: breaks.map(
          ({
            id,
            kind,
            rail: on,
            asset,
            expectedMinor,
            actualMinor,
            instructionId,
            detail,
            status,
            foundAt,
          }) => ({
            break_id: id,
            rail: on,
            kind,
            currency: asset,
            expected: expectedMinor && formatMoney({ amountMinor: BigInt(expectedMinor), asset }),
            actual: actualMinor && formatMoney({ amountMinor: BigInt(actualMinor), asset }),
            instruction_id: instructionId,
            detail,
            status,
            found_at: foundAt.toISOString(),
          }),
        ),
      },
    };
  },
});

function totalView(row: ReportRow) {
  const show = (amountMinor: bigint) => formatMoney({ amountMinor, asset: row.asset });
  return {
    rail: row.rail,
    currency: row.asset,
    business_date: row.businessDate,
    principal_id: row.principalId,
    lines: row.lines,
    credits: show(row.creditsMinor),
    debits: show(row.debitsMinor),
    fees: show(row.feesMinor),
    unmatched_lines: row.unmatchedLines,
    ledger_cash: show(row.ledgerMinor),
    difference: show(row.differenceMinor),
  };
}

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
    const handle = await deps.temporal.workflow.start<
      (input: ReconciliationInput) => Promise<ReconciliationResult>
    >('reconciliation', {
      workflowId: `reconciliation-${body.rail}-${newId('reconciliation')}`,
      taskQueue: CLEARING_TASK_QUEUE,
      args: [{ rail: body.rail, asset: body.currency, lookbackMs: body.lookback_hours * HOUR_MS }],
      workflowExecutionTimeout: RUN_WAIT_MS * 10,
    });
    const result = await deps.temporal
      .withDeadline(Date.now() + RUN_WAIT_MS, () => handle.result())
      .catch((error: unknown) => {
        const failure = new AuraError(
          'SERVICE_UNAVAILABLE',
          'The run has not finished; its report will show it.',
        );
        failure.cause = error;
        throw failure;
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
