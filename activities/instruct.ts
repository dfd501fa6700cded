/** Builds, signs and stores settlement instructions. Nothing is sent before it is stored. */
import type { RailTerms } from '../domain/rail-terms';
import type { Signer } from '../domain/keys';
import { newId } from '../domain/ids';
import {
  signInstruction,
  type Instruction,
  type InstructionKind,
  type InstructionParty,
  type RailName,
  type SignedInstruction,
} from '../domain/settlement';
import { databaseNow } from '../store/clock';
import type { Trx } from '../store/db';
import { insertInstruction } from '../store/instructions';

/** AURA's settlement account at the rail. */
export const AURA_ACCOUNT: InstructionParty = { account_ref: 'aura' };

export interface InstructionOrder {
  kind: InstructionKind;
  subjectId: string;
  transactionId: string | null;
  rail: RailName;
  asset: string;
  amountMinor: bigint;
  debtor: InstructionParty;
  creditor: InstructionParty;
  commitmentHash: string;
  replaces?: string;
  returnsReference?: string;
}

export async function instruct(
  trx: Trx,
  { signer, railTerms }: { signer: Signer; railTerms: Readonly<Record<RailName, RailTerms>> },
  order: InstructionOrder,
): Promise<SignedInstruction> {
  const now = await databaseNow(trx);
  const instruction: Instruction = {
    type: 'aura.settlement-instruction.v1',
    instruction_id: newId('instruction'),
    kind: order.kind,
    rail: order.rail,
    amount_minor: order.amountMinor.toString(),
    asset: order.asset,
    debtor: order.debtor,
    creditor: order.creditor,
    subject_id: order.subjectId,
    ...(order.returnsReference !== undefined && { returns_reference: order.returnsReference }),
    commitment_hash: order.commitmentHash,
    created_at: now.toISOString(),
    expires_at: new Date(now.getTime() + railTerms[order.rail].instructionTtlMs).toISOString(),
  };
  const signed = signInstruction(instruction, signer);
  await insertInstruction(trx, signed, { transactionId: order.transactionId, replaces: order.replaces });
  return signed;
}
