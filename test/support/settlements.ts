/** Instructions, proofs and statement lines as they are stored. */
import { newId } from '../../domain/ids';
import { createSigner, generateKeyPair } from '../../domain/keys';
import {
  sha256Hex,
  signInstruction,
  signProof,
  type Instruction,
  type SettlementProof,
  type StatementLine,
} from '../../domain/settlement';
import { inTransaction, type Db } from '../../store/db';
import {
  insertInstruction,
  insertProof,
  setInstructionStatus,
  type InstructionStatus,
} from '../../store/instructions';

const signer = createSigner(generateKeyPair().privateKeyPem, 'test-key');

export interface InstructionWish {
  kind?: Instruction['kind'];
  subjectId?: string;
  transactionId?: string | null;
  amountMinor?: bigint;
  status?: InstructionStatus;
  createdAt?: Date;
  expiresAt?: Date;
  replaces?: string;
}

/** An instruction to rtp; a deposit of 100.00 unless it is wished otherwise. */
export async function anInstruction(db: Db, wish: InstructionWish = {}): Promise<Instruction> {
  const createdAt = wish.createdAt ?? new Date();
  const instruction: Instruction = {
    type: 'aura.settlement-instruction.v1',
    instruction_id: newId('instruction'),
    kind: wish.kind ?? 'deposit',
    rail: 'rtp',
    amount_minor: (wish.amountMinor ?? 10_000n).toString(),
    asset: 'USD',
    debtor: { account_ref: 'acc_1' },
    creditor: { account_ref: 'aura' },
    subject_id: wish.subjectId ?? newId('deposit'),
    commitment_hash: 'c'.repeat(64),
    created_at: createdAt.toISOString(),
    expires_at: (wish.expiresAt ?? new Date(createdAt.getTime() + 60_000)).toISOString(),
  };
  await inTransaction(db, async (trx) => {
    await insertInstruction(trx, signInstruction(instruction, signer), {
      transactionId: wish.transactionId ?? null,
      replaces: wish.replaces,
    });
    if (wish.status) await setInstructionStatus(trx, instruction.instruction_id, wish.status);
  });
  return instruction;
}

export interface ProofWish {
  accepted?: boolean;
  reference?: string;
  line?: string;
  amountMinor?: string;
  executedAt?: Date;
}

/** A proof of the instruction, stored with its verdict. */
export async function aProof(
  db: Db,
  instruction: Instruction,
  wish: ProofWish = {},
): Promise<SettlementProof & { id: string }> {
  const executedAt = (wish.executedAt ?? new Date()).toISOString();
  const evidence = `<pacs.002>${instruction.instruction_id}</pacs.002>`;
  const proof = signProof(
    {
      type: 'aura.settlement-proof.v1',
      rail: instruction.rail,
      network: 'sandbox',
      instruction_id: instruction.instruction_id,
      commitment_hash: instruction.commitment_hash,
      amount_minor: wish.amountMinor ?? instruction.amount_minor,
      asset: instruction.asset,
      reference: wish.reference ?? `REF-${instruction.instruction_id}`,
      line: wish.line ?? '0',
      business_date: executedAt.slice(0, 10),
      finality: 'irrevocable',
      executed_at: executedAt,
      evidence_format: 'test',
      evidence_sha256: sha256Hex(evidence),
    },
    evidence,
    signer,
  );
  const id = newId('proof');
  const checks = (['signature', 'amount', 'correlation', 'finality', 'timeliness'] as const).map((check) => ({
    check,
    passed: wish.accepted ?? true,
    detail: '',
  }));
  const stored = {
    ...proof,
    id,
    instructionId: instruction.instruction_id,
    accepted: wish.accepted ?? true,
    checks,
  };
  await inTransaction(db, (trx) => insertProof(trx, stored));
  return { ...proof, id };
}

/** The line a rail's statement has for a proof. */
export function aLine(proof: SettlementProof, wish: Partial<StatementLine> = {}): StatementLine {
  const { rail, network, business_date, reference, line, amount_minor, asset, instruction_id, executed_at } =
    proof.statement;
  return {
    rail,
    network,
    business_date,
    reference,
    line,
    direction: 'credit',
    amount_minor,
    fee_minor: '0',
    asset,
    instruction_id,
    booked_at: executed_at,
    source_format: 'camt.053.001.08',
    ...wish,
  };
}
