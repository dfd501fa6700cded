/** What the checker looks at: the database with SQL of its own, the rails' books, and what the clients noted. */

export interface Sql {
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** One movement on AURA's account at a rail, as the rail tells it. */
export interface Movement {
  rail: string;
  /** What AURA called it; null where the rail knows it by its own reference alone. */
  instructionId: string | null;
  reference: string;
  direction: 'in' | 'out';
  amountMinor: bigint;
}

export interface RailBooks {
  movements: readonly Movement[];
  /** What each rail says lies on AURA's account there, minor units. */
  balances: ReadonlyMap<string, bigint>;
  /** By rail: what all its accounts held when they were opened, and what they hold now. */
  totals: ReadonlyMap<string, { openingMinor: bigint; nowMinor: bigint }>;
}

/** Lines of the clients' log, as far as the checker reads them. */
export interface LogLine {
  what: string;
  at: string;
  sessionId?: string | null;
  offerId?: string;
  transactionId?: string | null;
  total?: string;
  act?: string;
  agentId?: string;
  eventId?: string;
  name?: string;
  taken?: boolean;
}

export interface Sources {
  sql: Sql;
  rails: RailBooks;
  log: readonly LogLine[];
}

/** What kind of harm it is; the run's figures are counted by it. */
export type Harm = 'lost' | 'doubled' | 'stuck' | 'unbalanced' | 'audit';

export interface Finding {
  check: string;
  harm: Harm;
  subject: string;
  detail: string;
}

export interface Check {
  name: string;
  /** In a sentence, what holds where it finds nothing. */
  says: string;
  run(sources: Sources): Promise<Finding[]>;
}

/** A check whose findings are the rows of one query with `subject` and `detail`. */
export function sqlCheck(check: { name: string; says: string; harm: Harm; broken: string }): Check {
  const { name, says, harm, broken } = check;
  return {
    name,
    says,
    async run({ sql }) {
      const found = await sql.query<{ subject: string; detail: string }>(broken);
      return found.map(({ subject, detail }) => ({ check: name, harm, subject, detail }));
    },
  };
}
