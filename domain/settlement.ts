/**
 * What travels between the clearinghouse and a payment rail: instructions signed by AURA, answers and proofs signed
 * by the rail's adapter, and lines of the rail's statement. All of it is plain JSON and free of personal data: parties
 * appear as references that the rail resolves outside of any workflow history.
 */
import { canonicalHash, canonicalJson, sha256Hex } from './canonical';
import { verifySignature, type PublicKey, type Signer } from './keys';

export const RAILS = ['rtp', 'fednow', 'stablecoin', 'card', 'ach', 'x402'] as const;
export type RailName = (typeof RAILS)[number];

export type Finality = 'provisional' | 'confirmed' | 'irrevocable';
/** From weakest to strongest. */
export const FINALITY_ORDER: readonly Finality[] = ['provisional', 'confirmed', 'irrevocable'];

/**
 * What an instruction is for. Incoming: a deal's pay-in, a deposit, a netting cycle's payer. Outgoing: a payout, a
 * refund of (part of) a pay-in, the return of money that came otherwise than instructed, a netting cycle's payee.
 */
export const INSTRUCTION_KINDS = [
  'pay_in',
  'deposit',
  'net_in',
  'payout',
  'refund',
  'return',
  'net_out',
] as const;
export type InstructionKind = (typeof INSTRUCTION_KINDS)[number];
export const INCOMING_KINDS = ['pay_in', 'deposit', 'net_in'] as const satisfies readonly InstructionKind[];

/** Whether an instruction brings money to AURA. */
export function isIncoming(kind: InstructionKind): boolean {
  return (INCOMING_KINDS as readonly InstructionKind[]).includes(kind);
}

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
  /** Integer minor units of the asset, which is the one that the rail moves (see `domain/par`). */
  amount_minor: string;
  asset: string;
  debtor: InstructionParty;
  creditor: InstructionParty;
  /** The deal, deposit, payout, refund or netting cycle this belongs to. */
  subject_id: string;
  /** For a return or refund: the network's reference of the transfer that goes back, whole or in part. */
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

/** One instruction's part of a batch line, minor units of the line's asset. */
export interface LinePart {
  instruction_id: string;
  amount_minor: string;
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
  /** The rail's own list of what a batch line is made of; the parts add up to the amount. */
  parts?: readonly LinePart[];
  /** `fee`: the line is nothing but a charge. Default `movement`. */
  role?: 'movement' | 'fee';
}

/**
 * What a rail knows of an instruction.
 * - executed: done, with proof; `lines` are statement lines the network delivered along with it
 * - pending: accepted, not final yet (ISO 20022 ACSP): ask again
 * - rejected: refused, and provably never executes
 * - not_found: the network does not know it as of now; no proof that it never will
 * - not_sent: whoever held the only right to send it could not reach the rail, and has given the right up
 * - unknown: the answer was lost, late or not to be trusted: only an inquiry settles it
 */
export type RailAnswer =
  | { outcome: 'executed'; proof: SettlementProof; lines: StatementLine[] }
  | { outcome: 'pending'; detail: string; progress?: Progress; action?: PayerAction }
  | { outcome: 'rejected'; reason: string; detail: string; evidence: string }
  | { outcome: 'not_found'; detail: string; as_of: string }
  | { outcome: 'not_sent'; detail: string }
  | { outcome: 'unknown'; detail: string };

/** How far a pending settlement is, e.g. 5 of 12 confirmations. */
export interface Progress {
  done: number;
  of: number;
  unit: 'confirmations' | 'banking_days';
}

/** Something only the payer can do before the rail goes on, such as a 3-D Secure challenge. */
export interface PayerAction {
  kind: 'challenge';
  url: string;
}

export type MandateAnswer =
  | { outcome: 'accepted'; reference: string; evidence: string }
  /** The payer has to confirm first; asked again, the same request tells how it ended. */
  | { outcome: 'action_required'; action: PayerAction; detail: string }
  | { outcome: 'rejected'; reason: string; detail: string }
  | { outcome: 'unknown'; detail: string };

/** How often a seller's released proceeds are paid out. */
export const PAYOUT_SCHEDULES = ['instant', 'daily', 'weekly'] as const;
export type PayoutSchedule = (typeof PAYOUT_SCHEDULES)[number];

export const NOTICE_KINDS = [
  /** The money went back to the payer (ACH return), or an outgoing payment came back. */
  'return',
  /** The payer took a card payment back; `respond_by` is the deadline to contest it. */
  'chargeback',
  /** A contested chargeback was won: the money is AURA's again. */
  'representment_won',
  /** The block that a settlement was in is no longer part of the chain. */
  'reorganisation',
  /** The rail corrected an account's details (ACH C01…); moves no money. */
  'notice_of_change',
] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** What a rail says of its own accord about an instruction that it had executed. */
export interface NoticeStatement {
  type: 'aura.rail-notice.v1';
  rail: RailName;
  network: string;
  /** The network's own id of the notice: the same notice told twice has the same. */
  notice_id: string;
  kind: NoticeKind;
  /** The instruction whose money moved, and the network's reference of that movement. */
  instruction_id: string;
  original_reference: string;
  /** What moved, minor units of the rail's asset; `0` when nothing did. */
  amount_minor: string;
  asset: string;
  /** What the rail charges for it besides, minor units. */
  fee_minor: string;
  /** The rail's own code, e.g. NACHA `R01` or a card network's reason. */
  reason_code: string;
  reason: string;
  /** The network's reference of the movement that the notice tells of, as its statement will quote it. */
  reference: string;
  line: string;
  business_date: string;
  occurred_at: string;
  /** Until when it can be contested, RFC 3339 UTC. */
  respond_by?: string;
  evidence_format: string;
  evidence_sha256: string;
}

export interface RailNotice {
  statement: NoticeStatement;
  key_id: string;
  /** Ed25519 over the canonical JSON of `statement` by a key registered for the rail, base64. */
  signature: string;
  /** The native message as the network sent it. */
  evidence: string;
}

export function signInstruction(instruction: Instruction, signer: Signer): SignedInstruction {
  return { instruction, key_id: signer.keyId, signature: signer.sign(canonicalJson(instruction)) };
}

export function verifyInstruction(signed: SignedInstruction, auraKey: PublicKey): boolean {
  return verifySignature(auraKey, canonicalJson(signed.instruction), signed.signature);
}

export function signProof(statement: ProofStatement, evidence: string, signer: Signer): SettlementProof {
  return { statement, key_id: signer.keyId, signature: signer.sign(canonicalJson(statement)), evidence };
}

export function signNotice(statement: NoticeStatement, evidence: string, signer: Signer): RailNotice {
  return { statement, key_id: signer.keyId, signature: signer.sign(canonicalJson(statement)), evidence };
}

export { canonicalHash, sha256Hex };
