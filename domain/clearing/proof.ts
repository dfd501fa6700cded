/** Verification of a rail's proof of settlement: five checks, each of which alone can refuse it. */
import { canonicalJson, sha256Hex } from '../canonical';
import { verifySignature, type PublicKey } from '../keys';
import { formatMoney, isAsset } from '../money';
import { FINALITY_ORDER, type Finality, type Instruction, type SettlementProof } from '../settlement';

export const PROOF_CHECKS = ['signature', 'amount', 'correlation', 'finality', 'timeliness'] as const;
export type ProofCheckName = (typeof PROOF_CHECKS)[number];

export interface ProofCheck {
  readonly check: ProofCheckName;
  readonly passed: boolean;
  readonly detail: string;
}

/** A key registered for a rail's adapter. `validTo` is null while the key stands. */
export interface RailKey {
  readonly keyId: string;
  readonly publicKey: PublicKey;
  readonly validFrom: Date;
  readonly validTo: Date | null;
}

export interface ProofContext {
  readonly instruction: Instruction;
  readonly proof: SettlementProof;
  readonly railKeys: readonly RailKey[];
  readonly finalityAsked: Finality;
  readonly now: Date;
  /** Whether `(rail, network, business date, reference, line)` was counted for another instruction before. */
  readonly referenceUsed: boolean;
  /** What AURA found wrong when it read the native evidence for itself, e.g. a receipt on its chain. */
  readonly evidenceProblems?: readonly string[];
  /** The network's message is not to be had any more, so that only its hash stands. */
  readonly evidenceGone?: boolean;
}

export const MAX_SKEW_MS = 120_000;

export function checkProof(context: ProofContext): { accepted: boolean; checks: ProofCheck[] } {
  const checks = [
    signature(context),
    amount(context),
    correlation(context),
    finality(context),
    timeliness(context),
  ];
  return { accepted: checks.every(({ passed }) => passed), checks };
}

const verdict = (check: ProofCheckName, problem: string | undefined, fine: string): ProofCheck => ({
  check,
  passed: problem === undefined,
  detail: problem ?? fine,
});

function signature({ proof, railKeys, evidenceProblems = [], evidenceGone }: ProofContext): ProofCheck {
  const executedAt = Date.parse(proof.statement.executed_at);
  const key = railKeys.find(({ keyId }) => keyId === proof.key_id);
  const problem = !key
    ? `key ${proof.key_id} is not registered for ${proof.statement.rail}`
    : executedAt < key.validFrom.getTime() || (key.validTo !== null && executedAt >= key.validTo.getTime())
      ? `key ${proof.key_id} was not this rail's at ${proof.statement.executed_at}`
      : !evidenceGone && proof.statement.evidence_sha256 !== sha256Hex(proof.evidence)
        ? 'the statement does not belong to the evidence'
        : !verifySignature(key.publicKey, canonicalJson(proof.statement), proof.signature)
          ? 'the signature does not verify'
          : evidenceProblems[0] && `the evidence does not hold: ${evidenceProblems.join('; ')}`;
  return verdict('signature', problem, `by ${proof.key_id}`);
}

function amount({ instruction, proof }: ProofContext): ProofCheck {
  const { amount_minor, asset } = proof.statement;
  const same = amount_minor === instruction.amount_minor && asset === instruction.asset;
  const told = show(amount_minor, asset);
  const problem = `${told}, instructed ${show(instruction.amount_minor, instruction.asset)}`;
  return verdict('amount', same ? undefined : problem, told);
}

function show(amountMinor: string, asset: string): string {
  const readable = isAsset(asset) && /^\d+$/.test(amountMinor);
  return `${readable ? formatMoney({ amountMinor: BigInt(amountMinor), asset }) : amountMinor} ${asset}`;
}

function correlation({ instruction, proof, referenceUsed }: ProofContext): ProofCheck {
  const { statement } = proof;
  const problem =
    statement.rail !== instruction.rail
      ? `a proof of ${statement.rail} for an instruction to ${instruction.rail}`
      : statement.instruction_id !== instruction.instruction_id
        ? `for ${statement.instruction_id}`
        : statement.commitment_hash !== instruction.commitment_hash
          ? 'the commitment hash differs'
          : referenceUsed
            ? `reference ${statement.reference} has been counted before`
            : undefined;
  return verdict(
    'correlation',
    problem,
    `${statement.network} ${statement.business_date} ${statement.reference}`,
  );
}

function finality({ proof, finalityAsked }: ProofContext): ProofCheck {
  const { finality: given } = proof.statement;
  const enough = FINALITY_ORDER.indexOf(given) >= FINALITY_ORDER.indexOf(finalityAsked);
  return verdict('finality', enough ? undefined : `${given}, asked for ${finalityAsked}`, given);
}

function timeliness({ instruction, proof, now }: ProofContext): ProofCheck {
  const executedAt = Date.parse(proof.statement.executed_at);
  const problem = Number.isNaN(executedAt)
    ? 'no time of execution'
    : executedAt < Date.parse(instruction.created_at) - MAX_SKEW_MS
      ? 'executed before it was instructed'
      : executedAt >= Date.parse(instruction.expires_at) + MAX_SKEW_MS
        ? 'executed after the instruction expired'
        : executedAt > now.getTime() + MAX_SKEW_MS
          ? 'executed in the future'
          : undefined;
  return verdict('timeliness', problem, proof.statement.executed_at);
}
