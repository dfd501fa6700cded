/** A law of the clearinghouse: something that holds over the whole database at any instant, and a way to find what breaks it. */
import { rows, type Trx } from '../db';

export interface Violation {
  /** The id of what breaks the law. */
  readonly subject: string;
  readonly detail: string;
}

export interface Finding {
  /** How many things the law was tried on. */
  readonly checked: number;
  readonly violations: number;
  /** The first few of them. */
  readonly named: readonly Violation[];
}

export interface Law {
  readonly name: string;
  /** The law in a sentence. */
  readonly says: string;
  readonly check: (trx: Trx) => Promise<Finding>;
}

/** So many violations of each law are named; all are counted. */
export const NAMED = 10;
const PAGE = 500;

/** A posting's amount in its account's normal direction; `p` are postings and `a` their accounts. */
export const SIGNED = `CASE WHEN (p.side = 'credit') = credit_normal(a.kind) THEN p.amount_minor ELSE -p.amount_minor END`;

/** A law that the database itself can try. `checked` is a count; `broken` selects `subject` and `detail`. */
export function sqlLaw(law: { name: string; says: string; checked: string; broken: string }): Law {
  return {
    name: law.name,
    says: law.says,
    async check(trx) {
      const [counted] = await rows<{ checked: string }>(trx, `SELECT (${law.checked}) AS checked`);
      const found = await rows<Violation & { total: string }>(
        trx,
        `SELECT subject, detail, count(*) OVER () AS total FROM (${law.broken}) v ORDER BY subject, detail LIMIT ${NAMED}`,
      );
      return {
        checked: Number(counted?.checked ?? 0),
        violations: Number(found[0]?.total ?? 0),
        named: found.map(({ subject, detail }) => ({ subject, detail })),
      };
    },
  };
}

/** Counts what it is told, and keeps the first few violations. */
export function tally() {
  let checked = 0;
  let violations = 0;
  const named: Violation[] = [];
  return {
    /** `detail` is undefined where the law holds. */
    add(subject: string, detail: string | undefined): void {
      checked++;
      if (detail === undefined) return;
      violations++;
      if (named.length < NAMED) named.push({ subject, detail });
    },
    finding: (): Finding => ({ checked, violations, named }),
  };
}

let cursors = 0;

/** Rows of a query a page at a time, through a cursor of the transaction, so that memory does not grow with the table. */
export async function* pages<Row>(trx: Trx, sql: string): AsyncGenerator<Row[]> {
  const name = `audit_${++cursors}`;
  await trx.raw(`DECLARE ${name} NO SCROLL CURSOR FOR ${sql}`);
  for (;;) {
    const page = await rows<Row>(trx, `FETCH ${PAGE} FROM ${name}`);
    if (page.length > 0) yield page;
    if (page.length < PAGE) break;
  }
  await trx.raw(`CLOSE ${name}`);
}
