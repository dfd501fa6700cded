/**
 * What travels between the clearinghouse and a payment rail: instructions signed by AURA, answers and proofs signed
 * by the rail's adapter, and lines of the rail's statement. All of it is plain JSON and free of personal data: parties
 * appear as references that the rail resolves outside of any workflow history.
 */
import { canonicalHash, canonicalJson, sha256Hex } from './canonical';
import { verifySignature, type PublicKey, type Signer } from './keys';

export const RAILS = ['rtp', 'fednow'] as const;
export type RailName = (typeof RAILS)[number];

export type Finality = 'provisional' | 'confirmed' | 'irrevocable';
/** From weakest to strongest. */
export const FINALITY_ORDER: readonly Finality[] = ['provisional', 'confirmed', 'irrevocable'];

export type InstructionKind = 'pay_in' | 'deposit' | 'payout' | 'return';

/** `account_ref` is AURA's settlement account at the rail (`aura`) or a payment account (`acc_…`). */
export interface InstructionParty {
  account_ref: string;
  /** The payer's accepted request for payment (`mnd_…`), on the debtor of a pay-in or deposit. */
  mandate_ref?: string;
}

export interface Instruction {
  type: 'aura.settlement-instruction.v1';
  instruction_id: string;
  kind: InstructionKind;
  rail: RailName;
  /** Integer minor units of the asset. */
  amount_minor: string;
  asset: string;
  debtor: InstructionParty;
  creditor: InstructionParty;
  /** The deal, deposit or payout this belongs to. */
  subject_id: string;
  /** For a return: the network's reference of the transfer that goes back. */
  returns_reference?: string;
  /** SHA-256 (hex) of the canonical commitment. */
  commitment_hash: string;
  /** RFC 3339 UTC. */
  created_at: string;
  expires_at: string;
}

export interface SignedInstruction {
  instruction: Instruction;
  key_id: string;
  /** Ed25519 over the canonical JSON of `instruction`, base64. */
  signature: string;
}

export interface ProofStatement {
  type: 'aura.settlement-proof.v1';
  rail: RailName;
  network: string;
  instruction_id: string;
  commitment_hash: string;
  amount_minor: string;
  asset: string;
  /** The network's own reference of the executed transfer. */
  reference: string;
  /** The part of a batch line this is, `0` for a whole line. */
  line: string;
  /** The rail's business date, `YYYY-MM-DD`. */
  business_date: string;
  finality: Finality;
  executed_at: string;
  /** What the evidence is, e.g. `iso20022:pacs.002.001.10`. */
  evidence_format: string;
  evidence_sha256: string;
}

export interface SettlementProof {
  statement: ProofStatement;
  key_id: string;
  /** Ed25519 over the canonical JSON of `statement` by a key registered for the rail, base64. */
  signature: string;
  /** The native message as the network sent it. */
  evidence: string;
}

/** One booked line of a rail's statement, from the point of view of AURA's settlement account. */
export interface StatementLine {
  rail: RailName;
  network: string;
  business_date: string;
  reference: string;
  line: string;
  direction: 'credit' | 'debit';
  amount_minor: string;
  /** The rail's fee taken out of the amount, minor units, `0` when none. */
  fee_minor: string;
  asset: string;
  /** The instruction the network quotes (end-to-end id), if it is one of ours. */
  instruction_id: string | null;
  booked_at: string;
  source_format: string;
}

/**
 * What a rail knows of an instruction.
 * - executed: done, with proof; `lines` are statement lines the network delivered along with it
 * - pending: accepted, not final yet (ISO 20022 ACSP): ask again
 * - rejected: refused, and provably never executes
 * - not_found: the network does not know it as of now; no proof that it never will
 * - unknown: the answer was lost, late or not to be trusted: only an inquiry settles it
 */
export type RailAnswer =
  | { outcome: 'executed'; proof: SettlementProof; lines: StatementLine[] }
  | { outcome: 'pending'; detail: string }
  | { outcome: 'rejected'; reason: string; detail: string; evidence: string }
  | { outcome: 'not_found'; detail: string; as_of: string }
  | { outcome: 'unknown'; detail: string };

export type MandateAnswer =
  | { outcome: 'accepted'; reference: string; evidence: string }
  | { outcome: 'rejected'; reason: string; detail: string }
  | { outcome: 'unknown'; detail: string };

export function signInstruction(instruction: Instruction, signer: Signer): SignedInstruction {
  return { instruction, key_id: signer.keyId, signature: signer.sign(canonicalJson(instruction)) };
}

export function verifyInstruction(signed: SignedInstruction, auraKey: PublicKey): boolean {
  return verifySignature(auraKey, canonicalJson(signed.instruction), signed.signature);
}

export function signProof(statement: ProofStatement, evidence: string, signer: Signer): SettlementProof {
  return { statement, key_id: signer.keyId, signature: signer.sign(canonicalJson(statement)), evidence };
}

export { canonicalHash, sha256Hex };
