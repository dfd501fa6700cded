/** What the sides of a dispute say, and the exhibits they bring. Kept for ever, never changed. */
import { canonicalHash } from '../domain/canonical';
import { rows, type Queryable, type Trx } from './db';
import { open, seal } from './vault';

export type Position = 'claim' | 'accept' | 'contest' | 'evidence';

/** A piece of evidence: its content itself, or where it is and what it hashes to. */
export interface Exhibit {
  description: string;
  media_type?: string;
  url?: string;
  content?: string;
  /** SHA-256 (hex) of the content, or of what the address answers. */
  sha256: string;
}

export interface Statement {
  disputeId: string;
  agentId: string;
  position: Position;
  statement: string;
  exhibits: readonly Exhibit[];
}

export interface StoredStatement extends Statement {
  at: Date;
}

/** Adds a statement. The same one of the same agent again is the same statement. */
export async function addStatement(trx: Trx, said: Statement): Promise<void> {
  const known = (await statementsOf(trx, said.disputeId)).some((other) => sameStatement(other, said));
  if (known) return;
  await trx('dispute_statements').insert({
    dispute_id: said.disputeId,
    agent_id: said.agentId,
    position: said.position,
    ...(await seal(
      trx,
      'dispute_statements',
      { row: rowOf(said), subject: said.disputeId },
      { statement: said.statement, evidence: said.exhibits },
    )),
  });
}

export function sameStatement(one: Statement, other: Statement): boolean {
  return hashOf(one) === hashOf(other);
}

function hashOf({ disputeId, agentId, position, statement, exhibits }: Statement): string {
  return canonicalHash({ disputeId, agentId, position, statement, exhibits: [...exhibits] });
}

const rowOf = ({ disputeId, agentId, position }: Statement) => `${disputeId}:${agentId}:${position}`;

export async function statementsOf(db: Queryable, disputeId: string): Promise<StoredStatement[]> {
  const found = await rows<StoredStatement>(
    db,
    `SELECT dispute_id AS "disputeId", agent_id AS "agentId", position, statement, evidence AS exhibits, at
     FROM dispute_statements WHERE dispute_id = ? ORDER BY seq`,
    [disputeId],
  );
  return open(db, 'dispute_statements', found, { statement: 'statement', exhibits: 'evidence' }, rowOf);
}
