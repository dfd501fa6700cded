/**
 * From what the processor has on record to a proof. Amount, reference and dates are the processor's words, never copied
 * from the instruction, so that a deviation such as a partial capture shows in the proof.
 */
import { sha256Hex } from '../../domain/canonical';
import { RAIL_TERMS } from '../../domain/rail-terms';
import { signProof, type Instruction, type SettlementProof } from '../../domain/settlement';
import type { CardDeps } from './deps';
import { wrapEvidence, type EvidenceFormat, type SignedText } from './evidence';
import { CARD_NETWORK } from './wire';

export interface Execution {
  amountMinor: string;
  currency: string;
  reference: string;
  businessDate: string;
  executedAt: string;
}

export function prove(
  { signer }: Pick<CardDeps, 'signer'>,
  instruction: Instruction,
  execution: Execution,
  format: EvidenceFormat,
  signed: SignedText,
): SettlementProof {
  const evidence = wrapEvidence(format, signed);
  return signProof(
    {
      type: 'aura.settlement-proof.v1',
      rail: 'card',
      network: CARD_NETWORK,
      instruction_id: instruction.instruction_id,
      commitment_hash: instruction.commitment_hash,
      amount_minor: execution.amountMinor,
      asset: execution.currency,
      reference: execution.reference,
      line: '0',
      business_date: execution.businessDate,
      finality: RAIL_TERMS.card.finality,
      executed_at: new Date(execution.executedAt).toISOString(),
      evidence_format: format,
      evidence_sha256: sha256Hex(evidence),
    },
    evidence,
    signer,
  );
}

/** Whether a record of the processor is about this instruction and the commitment that it belongs to. */
export function isAbout(
  record: { reference: string; commitment_hash: string },
  instruction: Instruction,
): boolean {
  return (
    record.reference === instruction.instruction_id && record.commitment_hash === instruction.commitment_hash
  );
}
