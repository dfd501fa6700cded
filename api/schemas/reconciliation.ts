import { z } from 'zod';
import { AGE_BUCKETS, BREAK_KINDS, RESOLUTIONS } from '../../domain/reconciliation/breaks';
import { SHORTAGE_ACCOUNTS } from '../../domain/reconciliation/entries';
import { FILE_FORMATS } from '../../domain/reconciliation/files';
import { RULE_NAMES } from '../../domain/reconciliation/model';
import { asset, day, extensions, id, rail, text } from './common';

export const reportQuery = z.object({
  rail: rail.optional(),
  from: day.optional(),
  to: day.optional(),
  format: z.enum(['json', 'csv', 'html']).default('json'),
});

const bucket = z.enum(AGE_BUCKETS.map(({ name }) => name));

export const breakView = z.object({
  break_id: z.string(),
  rail,
  kind: z.enum(BREAK_KINDS),
  currency: z.string(),
  expected: z.string().nullable(),
  actual: z.string().nullable(),
  instruction_id: z.string().nullable(),
  notice_id: z.string().nullable(),
  /** The statement line, as manual matches name it. */
  line: z.string().nullable(),
  detail: z.string(),
  status: z.enum(['open', 'resolved']),
  found_at: z.string(),
  /** Days from when it was found to when it was resolved, or to now. */
  age_days: z.int(),
  age: bucket,
  resolved_at: z.string().nullable(),
  resolution: z.enum(RESOLUTIONS).nullable(),
  resolved_by: z.string().nullable(),
  reason: z.string().nullable(),
});

export const reportResponse = z
  .object({
    generated_at: z.string(),
    totals: z.array(
      z.object({
        rail,
        currency: z.string(),
        business_date: z.string(),
        principal_id: z.string().nullable(),
        lines: z.int(),
        credits: z.string(),
        debits: z.string(),
        fees: z.string(),
        unmatched_lines: z.int(),
        ledger_cash: z.string(),
        difference: z.string(),
      }),
    ),
    /** By day: opening + credits − debits − fees = closing. Operators only. */
    days: z.array(
      z.object({
        rail,
        currency: z.string(),
        business_date: z.string(),
        lines: z.int(),
        opening_balance: z.string(),
        credits: z.string(),
        debits: z.string(),
        fees: z.string(),
        closing_balance: z.string(),
        ledger_cash: z.string(),
        unmatched: z.string(),
        statement_closing: z.string().nullable(),
        ties: z.boolean(),
      }),
    ),
    /** Whether every total agrees with the ledger, and every day with the rail's own balance where it gave one. */
    ties: z.boolean(),
    /** Whether there is more than what is shown. */
    truncated: z.boolean(),
    matches: z.array(
      z.object({
        rail,
        rule: z.enum(RULE_NAMES),
        meaning: z.string(),
        matches: z.int(),
        lines: z.int(),
      }),
    ),
    ageing: z.array(
      z.object({ rail, kind: z.enum(BREAK_KINDS), currency: z.string(), age: bucket, count: z.int() }),
    ),
    runs: z.array(
      z.object({
        id: z.string(),
        rail,
        currency: z.string(),
        period_from: z.string(),
        period_to: z.string(),
        opening_balance: z.string().nullable(),
        closing_balance: z.string().nullable(),
        lines: z.int(),
        matched: z.int(),
        breaks: z.int(),
        finished_at: z.string().nullable(),
      }),
    ),
    breaks: z.array(breakView),
  })
  .meta({ id: 'ReconciliationReport' });
export type ReportDocument = z.output<typeof reportResponse>;

export const runRequest = z
  .object({
    rail,
    currency: asset.optional(),
    lookback_hours: z
      .int()
      .min(1)
      .max(24 * 366)
      .default(48),
    extensions,
  })
  .meta({ id: 'ReconciliationRunRequest' });

export const runResponse = z
  .object({ run_id: z.string(), lines: z.int(), matched: z.int(), open_breaks: z.int() })
  .meta({ id: 'ReconciliationRun' });

const lineNumber = z.string().regex(/^[1-9]\d{0,17}$/, 'not the number of a statement line');
const MAX_OF_A_MATCH = 200;

export const matchRequest = z
  .object({
    lines: z.array(lineNumber).min(1).max(MAX_OF_A_MATCH),
    instruction_ids: z.array(id('instruction')).max(MAX_OF_A_MATCH).default([]),
    notice_ids: z.array(id('notice')).max(MAX_OF_A_MATCH).default([]),
    reason: text(2_000).min(3),
    /** Where money goes that the lines lack; what they have too much always waits in suspense. */
    difference_to: z.enum(SHORTAGE_ACCOUNTS).default('suspense'),
    extensions,
  })
  .meta({ id: 'ReconciliationMatchRequest' });

export const matchResponse = z
  .object({
    match_id: z.string(),
    rule: z.enum(['operator', 'accepted']),
    currency: z.string(),
    /** What AURA's cash got less than the movements said; negative: more. */
    difference: z.string(),
  })
  .meta({ id: 'ReconciliationMatch' });

export const breakParams = z.object({ break_id: z.string().max(40) });
export const resolveRequest = z
  .object({ reason: text(2_000).min(3), extensions })
  .meta({ id: 'BreakResolutionRequest' });

export const statementQuery = z.object({
  rail,
  format: z.enum(FILE_FORMATS),
  network: z.string().trim().min(1).max(40).optional(),
});
export const statementRequest = z
  .object({ content: z.string().min(1).max(1_048_576), extensions })
  .meta({ id: 'StatementFileRequest' });
export const statementResponse = z
  .object({
    sha256: z.string(),
    run_id: z.string(),
    lines: z.int(),
    /** Lines that were not known before. */
    new_lines: z.int(),
    matched: z.int(),
    open_breaks: z.int(),
    /** The file had been taken in before; nothing changed. */
    again: z.boolean(),
  })
  .meta({ id: 'StatementFile' });
