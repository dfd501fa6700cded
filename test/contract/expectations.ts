/** What the clauses of the rail contract have in common. */
import { canonicalJson, sha256Hex } from '../../domain/canonical';
import { verifySignature } from '../../domain/keys';
import type { RailAnswer, SettlementProof, SignedInstruction, StatementLine } from '../../domain/settlement';
import type { RailHarness } from '../support/rail-harness';

export type Executed = Extract<RailAnswer, { outcome: 'executed' }>;

export function executed(answer: RailAnswer): Executed {
  if (answer.outcome !== 'executed') throw new Error(`expected an execution, got ${JSON.stringify(answer)}`);
  return answer;
}

/** What a proof says, without the message that says it: asked again, the network answers with another message. */
export function factsOf({ proof }: Executed) {
  return { ...proof.statement, evidence_sha256: undefined };
}

export function expectProof(
  rail: RailHarness,
  { instruction }: SignedInstruction,
  proof: SettlementProof,
): void {
  expect(verifySignature(rail.proofKey, canonicalJson(proof.statement), proof.signature)).toBe(true);
  expect(sha256Hex(proof.evidence)).toBe(proof.statement.evidence_sha256);
  expect(rail.evidenceHolds(proof)).toBe(true);
  expect(rail.evidenceHolds({ ...proof, evidence: rail.tamper(proof.evidence) })).toBe(false);
  expect(proof.statement).toMatchObject({
    type: 'aura.settlement-proof.v1',
    rail: rail.rail,
    instruction_id: instruction.instruction_id,
    commitment_hash: instruction.commitment_hash,
    asset: instruction.asset,
    finality: rail.adapter.capabilities.finality,
    line: expect.stringMatching(rail.linePattern ?? /^0$/) as string,
  });
  expect(proof.statement.reference).not.toBe('');
  expect(proof.statement.business_date).toMatch(/^\d{4}-\d\d-\d\d$/);
  expect(Math.abs(Date.parse(proof.statement.executed_at) - Date.now())).toBeLessThan(60_000);
}

export function expectLine(
  rail: RailHarness,
  line: StatementLine,
  proof: SettlementProof,
  direction: string,
): void {
  expect(line).toMatchObject({
    rail: rail.rail,
    network: proof.statement.network,
    reference: proof.statement.reference,
    business_date: proof.statement.business_date,
    instruction_id: proof.statement.instruction_id,
    direction,
    amount_minor: proof.statement.amount_minor,
    asset: proof.statement.asset,
  });
}
