/** What an audit says after something was done behind the database's back, and nothing of it stays. */
import { auditWithin, type AuditReport } from '../../store/audit';
import type { Db, Trx } from '../../store/db';

export const brokenLaws = ({ laws }: AuditReport) =>
  laws.filter(({ violations }) => violations > 0).map(({ law }) => law);

export const subjectsOf = ({ laws }: AuditReport, name: string) =>
  laws.find(({ law }) => law === name)?.named.map(({ subject }) => subject);

class RolledBack extends Error {}

/** With the database's own guards switched off. */
export async function auditAfter(db: Db, breakIt: (trx: Trx) => PromiseLike<unknown>): Promise<AuditReport> {
  const reports: AuditReport[] = [];
  const work = db.transaction(async (trx) => {
    await trx.raw('SET LOCAL session_replication_role = replica');
    await breakIt(trx);
    reports.push(await auditWithin(trx));
    throw new RolledBack();
  });
  await expect(work).rejects.toBeInstanceOf(RolledBack);
  const [report] = reports;
  if (!report) throw new Error('there was no audit');
  return report;
}

/** The session of a deal. */
export async function sessionOf(db: Db, transactionId: string): Promise<string> {
  const found = await db<{ id: string; session_id: string }>('transactions')
    .where({ id: transactionId })
    .first('session_id');
  if (!found) throw new Error(`no deal ${transactionId}`);
  return found.session_id;
}

export async function instructionIdOf(db: Db | Trx, transactionId: string): Promise<string> {
  const found = await db<{ id: string; transaction_id: string; kind: string }>('instructions')
    .where({ transaction_id: transactionId, kind: 'pay_in' })
    .first('id');
  if (!found) throw new Error(`no pay-in of ${transactionId}`);
  return found.id;
}

export interface AcceptedProof {
  id: string;
  instruction_id: string;
  accepted: boolean;
  statement: Record<string, string>;
}

export async function proofOf(db: Db | Trx, transactionId: string): Promise<AcceptedProof> {
  const instruction_id = await instructionIdOf(db, transactionId);
  const found = await db<AcceptedProof>('proofs').where({ instruction_id, accepted: true }).first();
  if (!found) throw new Error(`no proof of ${transactionId}`);
  return found;
}

/** An entry of one minor unit that balances, with the balances of its accounts. */
export async function post(
  trx: Trx,
  key: string,
  transactionId: string | null,
  postings: readonly (readonly [owner: string, kind: string, side: 'debit' | 'credit'])[],
  event = 'capital_contributed',
): Promise<void> {
  const id = 'ent_01J00000000000000000000001';
  await trx('entries').insert({ id, event, key, transaction_id: transactionId, digest: 'x' });
  for (const [owner, kind, side] of postings) {
    await trx.raw(`INSERT INTO accounts (owner, kind, asset) VALUES (?, ?, 'USD') ON CONFLICT DO NOTHING`, [
      owner,
      kind,
    ]);
    await trx.raw(
      `INSERT INTO postings (entry_id, account_id, side, amount_minor)
       SELECT ?, id, ?, 1 FROM accounts WHERE owner = ? AND kind = ? AND asset = 'USD'`,
      [id, side, owner, kind],
    );
    await trx.raw(
      `UPDATE accounts SET balance_minor = balance_minor
         + CASE WHEN (? = 'credit') = credit_normal(kind) THEN 1 ELSE -1 END
       WHERE owner = ? AND kind = ? AND asset = 'USD'`,
      [side, owner, kind],
    );
  }
}

export async function copyProof(
  trx: Trx,
  id: string,
  change: { signature: string; accepted: boolean },
): Promise<void> {
  await trx.raw(
    `INSERT INTO proofs (id, instruction_id, statement, key_id, signature, evidence, accepted, checks)
     SELECT 'prf_01J00000000000000000000000', instruction_id, statement, key_id, :signature, evidence, :accepted, checks
     FROM proofs WHERE id = :id`,
    { id, ...change },
  );
}
