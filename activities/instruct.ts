/** Builds, signs and stores settlement instructions. Nothing is sent before it is stored. */
import { newId } from '../domain/ids';
import { atPar } from '../domain/par';
import type { AtRail } from '../domain/ledger/postings';
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
import type { ActivityDeps } from './deps';

/** AURA's settlement account at the rail. */
export const AURA_ACCOUNT: InstructionParty = { account_ref: 'aura' };

/** What is to be moved, in the books' asset; the instruction is in the rail's. */
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

type Deps = Pick<ActivityDeps, 'signer' | 'railTerms'>;

export async function instruct(trx: Trx, deps: Deps, order: InstructionOrder): Promise<SignedInstruction> {
  const signed = signedOrder(deps, order, await databaseNow(trx));
  await storeOrder(trx, signed, order);
  return signed;
}

export function storeOrder(trx: Trx, signed: SignedInstruction, order: InstructionOrder): Promise<void> {
  return insertInstruction(trx, signed, { transactionId: order.transactionId, replaces: order.replaces });
}

/** The instruction that the order comes to; it is to be stored before it is sent. */
export function signedOrder(
  { signer, railTerms }: Deps,
  order: InstructionOrder,
  now: Date,
): SignedInstruction {
  const settledAs = railTerms[order.rail].settles[order.asset] ?? order.asset;
  const instruction: Instruction = {
    type: 'aura.settlement-instruction.v1',
    instruction_id: newId('instruction'),
    kind: order.kind,
    rail: order.rail,
    amount_minor: atPar(order.amountMinor, order.asset, settledAs).toString(),
    asset: settledAs,
    debtor: order.debtor,
    creditor: order.creditor,
    subject_id: order.subjectId,
    ...(order.returnsReference !== undefined && { returns_reference: order.returnsReference }),
    commitment_hash: order.commitmentHash,
    created_at: now.toISOString(),
    expires_at: new Date(now.getTime() + railTerms[order.rail].instructionTtlMs).toISOString(),
  };
  return signInstruction(instruction, signer);
}

/** The rail's side of a ledger entry in the books' asset. */
export function atRailOf(
  { railTerms }: Pick<ActivityDeps, 'railTerms'>,
  rail: RailName,
  asset: string,
): AtRail {
  return { rail, settledAs: railTerms[rail].settles[asset] };
}
