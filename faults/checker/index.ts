/**
 * The independent checker. It shares no code with the clearinghouse's store or its audit: it reads the database with SQL
 * of its own, the rails' books over their operators' interfaces, and the clients' log. Of the product it knows the
 * lifecycle's table alone.
 */
import { Client } from 'pg';
import { actsArePresent, commitsArePresent, noneIsStuck, noneStoodStill, pathsAreLegal } from './deals';
import { executedOnce, paidOnce } from './executions';
import {
  balancesArePosted,
  booksAreTheRails,
  endedDealsOweNothing,
  entriesAreEven,
  totalIsConstant,
} from './money';
import { readRailBooks, type RailAddresses } from './rails';
import type { Check, Finding, Harm, LogLine, Sources, Sql } from './sources';
import { auditChainIsWhole, movesAreAudited, noWebhookIsLost } from './telling';

export type { Check, Finding, Harm, LogLine, Sources } from './sources';

export const CHECKS: readonly Check[] = [
  entriesAreEven,
  balancesArePosted,
  totalIsConstant,
  endedDealsOweNothing,
  booksAreTheRails,
  commitsArePresent,
  actsArePresent,
  executedOnce,
  paidOnce,
  noneIsStuck,
  noneStoodStill,
  pathsAreLegal,
  noWebhookIsLost,
  auditChainIsWhole,
  movesAreAudited,
];

export interface Report {
  findings: readonly Finding[];
  /** Checks with what they say and how many they found. */
  checks: readonly { name: string; says: string; found: number }[];
  /** Deals by rail and by the states they ended in. */
  outcomes: readonly { rail: string; outcome: string; count: number }[];
}

export interface CheckOptions {
  databaseUrl: string;
  rails: readonly string[];
  at: RailAddresses;
  log: readonly LogLine[];
}

export async function check({ databaseUrl, rails, at, log }: CheckOptions): Promise<Report> {
  const client = new Client({ connectionString: databaseUrl, application_name: 'checker' });
  await client.connect();
  try {
    // Everything as of one moment.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    return await judge({ sql: sqlOn(client), rails: await readRailBooks(rails, at), log });
  } finally {
    await client.end();
  }
}

export async function judge(sources: Sources): Promise<Report> {
  const findings: Finding[] = [];
  const checks: { name: string; says: string; found: number }[] = [];
  for (const one of CHECKS) {
    const { name, says } = one;
    const found = await one.run(sources);
    findings.push(...found);
    checks.push({ name, says, found: found.length });
  }
  const outcomes = await sources.sql.query<Report['outcomes'][number]>(
    `SELECT t.rail, s.market_state || '/' || coalesce(t.clearing_state, '-') AS outcome, count(*)::int AS count
     FROM transactions t JOIN sessions s ON s.id = t.session_id GROUP BY 1, 2 ORDER BY 2, 1`,
  );
  return { findings, checks, outcomes };
}

export function sqlOn(client: Pick<Client, 'query'>): Sql {
  return {
    async query<Row>(text: string, values: readonly unknown[] = []) {
      const { rows } = await client.query(text, [...values]);
      return rows as Row[];
    },
  };
}

/** How much harm of a kind was found. */
export function countOf({ findings }: Pick<Report, 'findings'>, harm: Harm): number {
  return findings.filter((finding) => finding.harm === harm).length;
}
