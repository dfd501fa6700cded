import type { ProofCheck } from '../domain/clearing/proof';
import type {
  Instruction,
  PayerAction,
  Progress,
  SettlementProof,
  SignedInstruction,
} from '../domain/settlement';
import { insert, rows, update, type Queryable, type Trx } from './db';
import { openOne, seal } from './vault';

/** `executed` (or `reversed` when the rail took it back) and `rejected` are final; `nonconforming` money sits in suspense; `unknown` waits for an inquiry. */
export type InstructionStatus =
  'signed' | 'executed' | 'nonconforming' | 'rejected' | 'unknown' | 'never_executed' | 'reversed';

export interface StoredInstruction extends SignedInstruction {
  status: InstructionStatus;
  progress: Progress | null;
  action: PayerAction | null;
  transactionId: string | null;
}

export async function insertInstruction(
  trx: Trx,
  signed: SignedInstruction,
  links: { transactionId: string | null; replaces?: string },
): Promise<void> {
  const { instruction } = signed;
  await insert(trx, 'instructions', [
    {
      id: instruction.instruction_id,
      kind: instruction.kind,
      subject_id: instruction.subject_id,
      transaction_id: links.transactionId,
      rail: instruction.rail,
      asset: instruction.asset,
      amount_minor: instruction.amount_minor,
      document: JSON.stringify(instruction),
      key_id: signed.key_id,
      signature: signed.signature,
      commitment_hash: instruction.commitment_hash,
      replaces: links.replaces ?? null,
      created_at: instruction.created_at,
      expires_at: instruction.expires_at,
    },
  ]);
}

const COLUMNS = `document AS instruction, key_id, signature, status, progress, action, transaction_id AS "transactionId"`;

export async function lockInstruction(trx: Trx, id: string): Promise<StoredInstruction> {
  const [found] = await rows<StoredInstruction>(
    trx,
    `SELECT ${COLUMNS} FROM instructions WHERE id = ? FOR UPDATE`,
    [id],
  );
  if (!found) throw new Error(`no instruction ${id}`);
  return found;
}

/** The newest instruction of a deal, deposit or payout. */
export async function instructionOf(
  db: Queryable,
  subjectId: string,
  kind: Instruction['kind'],
): Promise<StoredInstruction | undefined> {
  const [found] = await rows<StoredInstruction>(
    db,
    // By the database's clock: ids carry that of the process that gave them, which may be wrong.
    `SELECT ${COLUMNS} FROM instructions WHERE subject_id = ? AND kind = ? ORDER BY created_at DESC, id DESC LIMIT 1`,
    [subjectId, kind],
  );
  return found;
}

export async function setInstructionStatus(trx: Trx, id: string, status: InstructionStatus): Promise<void> {
  await update(trx, 'instructions', { id }, { status });
}

/** How far a pending settlement is, and what the payer has to do. */
export async function setProgress(
  trx: Trx,
  id: string,
  { progress, action }: { progress: Progress | null; action: PayerAction | null },
): Promise<void> {
  await update(
    trx,
    'instructions',
    { id },
    { progress: progress && JSON.stringify(progress), action: action && JSON.stringify(action) },
  );
}

/**
 * Claims the right to transmit. True for the first caller ever; whoever comes later, a restarted or a slow twin, may
 * only inquire.
 */
export async function claimTransmission(db: Queryable, instructionId: string, by: string): Promise<boolean> {
  const claimed = await rows(
    db,
    'INSERT INTO transmissions (instruction_id, sent_by) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING 1',
    [instructionId, by],
  );
  return claimed.length > 0;
}

export interface StoredProof extends SettlementProof {
  id: string;
  accepted: boolean;
  checks: ProofCheck[];
}

/** Keeps a proof with its verdict, and counts its rail reference when it was accepted. */
export async function insertProof(
  trx: Trx,
  proof: SettlementProof & {
    id: string;
    instructionId: string;
    accepted: boolean;
    checks: readonly ProofCheck[];
  },
): Promise<void> {
  const sealed = await seal(
    trx,
    'proofs',
    { row: proof.id, subject: proof.instructionId },
    { evidence: proof.evidence },
  );
  const kept = insert(trx, 'proofs', [
    {
      id: proof.id,
      instruction_id: proof.instructionId,
      statement: JSON.stringify(proof.statement),
      key_id: proof.key_id,
      signature: proof.signature,
      ...sealed,
      accepted: proof.accepted,
      checks: JSON.stringify(proof.checks),
    },
  ]);
  if (!proof.accepted) return kept;
  const { rail, network, business_date, reference, line } = proof.statement;
  const counted = { rail, network, business_date, reference, line, proof_id: proof.id };
  await Promise.all([kept, insert(trx, 'rail_references', [counted])]);
}

export async function referenceUsed(trx: Trx, proof: SettlementProof): Promise<boolean> {
  const { rail, network, business_date, reference, line } = proof.statement;
  const found = await rows(
    trx,
    `SELECT 1 FROM rail_references WHERE rail = ? AND network = ? AND business_date = ? AND reference = ? AND line = ?`,
    [rail, network, business_date, reference, line],
  );
  return found.length > 0;
}

export async function findProof(db: Queryable, instructionId: string): Promise<StoredProof | undefined> {
  const [found] = await rows<StoredProof>(
    db,
    `SELECT id, statement, key_id, signature, evidence, accepted, checks FROM proofs WHERE instruction_id = ?
     ORDER BY accepted DESC, created_at DESC LIMIT 1`,
    [instructionId],
  );
  return openOne(db, 'proofs', found, { evidence: 'evidence' }, ({ id }) => id);
}

export async function findInstruction(db: Queryable, id: string): Promise<StoredInstruction | undefined> {
  const [found] = await rows<StoredInstruction>(db, `SELECT ${COLUMNS} FROM instructions WHERE id = ?`, [id]);
  return found;
}
