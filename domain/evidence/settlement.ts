/** What was instructed and what the rails said: AURA's signatures, the rails' signatures, and their own messages. */
import { canonicalJson, sha256Hex } from '../canonical';
import { parsePublicKey, verifySignature, type PublicKey } from '../keys';
import { exponentOf } from '../money';
import { verifyInstruction, type SignedInstruction } from '../settlement';
import type { EvidenceBundle, RailMessage } from './bundle';
import { counted, firstProblem, verdict, type BundleCheck } from './check';

export function checkInstructions(bundle: EvidenceBundle, auraKey: PublicKey): BundleCheck {
  const problem = firstProblem(
    bundle.instructions,
    ({ instruction }) => instruction.instruction_id,
    (signed) =>
      verifyInstruction(signed, auraKey) ? termsProblem(bundle, signed) : "AURA's signature does not verify",
  );
  return verdict('instructions', problem, `${counted(bundle.instructions.length, 'instruction')} by AURA`);
}

/** A payment is of the whole total and for this commitment; whatever goes back is one of the refunds. */
function termsProblem(bundle: EvidenceBundle, { instruction }: SignedInstruction): string | undefined {
  const { asset, total_minor } = bundle.commitment.document.amounts;
  const ofDeal = instruction.subject_id === bundle.transaction_id;
  const refund = bundle.refunds.find(({ refund_id }) => refund_id === instruction.subject_id);
  if (!ofDeal && !refund) return `it belongs to ${instruction.subject_id}`;
  if (ofDeal && instruction.commitment_hash !== bundle.commitment.sha256)
    return 'it is for another commitment';
  const due =
    instruction.kind === 'pay_in'
      ? total_minor
      : instruction.kind === 'refund'
        ? refund?.amount_minor
        : undefined;
  if (due === undefined) return undefined;
  const instructed = { amount: instruction.amount_minor, asset: instruction.asset };
  return isAtPar(bundle, { amount: due, asset }, instructed) ? undefined : 'its amount is another';
}

interface Worth {
  /** Minor units. */
  amount: string;
  asset: string;
}

/** Whether two amounts are the same, digit for digit, however many decimal places their assets have. */
function isAtPar({ tokens }: EvidenceBundle, one: Worth, other: Worth): boolean {
  const exponent = (asset: string) => BigInt(tokens[asset] ?? exponentOf(asset));
  return (
    BigInt(one.amount) * 10n ** exponent(other.asset) === BigInt(other.amount) * 10n ** exponent(one.asset)
  );
}

export function checkProofs(bundle: EvidenceBundle): BundleCheck {
  const problem = firstProblem(
    bundle.proofs,
    ({ proof_id }) => proof_id,
    (proof) => {
      const signed = bundle.instructions.find(
        ({ instruction }) => instruction.instruction_id === proof.statement.instruction_id,
      );
      // What was not accepted is kept as it came; it need not hold.
      if (!proof.accepted) return hashProblem(proof, proof.statement.evidence_sha256);
      if (!signed) return 'it proves no instruction of this deal';
      const { instruction } = signed;
      const { rail, commitment_hash, amount_minor, asset } = proof.statement;
      if (rail !== instruction.rail) return `a proof of ${rail}`;
      if (commitment_hash !== instruction.commitment_hash) return 'it is for another commitment';
      if (amount_minor !== instruction.amount_minor || asset !== instruction.asset)
        return 'its amount is another';
      return signatureProblem(bundle, proof, proof.statement.executed_at);
    },
  );
  const accepted = bundle.proofs.filter(({ accepted: yes }) => yes).length;
  return verdict("the rails' proofs", problem, `${counted(accepted, 'accepted proof')}`);
}

export function checkNotices(bundle: EvidenceBundle): BundleCheck {
  const problem = firstProblem(
    bundle.notices,
    ({ statement }) => statement.notice_id,
    (notice) =>
      notice.accepted
        ? signatureProblem(bundle, notice, notice.statement.occurred_at)
        : hashProblem(notice, notice.statement.evidence_sha256),
  );
  return verdict("the rails' notices", problem, counted(bundle.notices.length, 'notice'));
}

interface RailSigned extends RailMessage {
  statement: { rail: string; evidence_sha256: string };
  key_id: string;
  signature: string;
}

function signatureProblem(bundle: EvidenceBundle, signed: RailSigned, at: string): string | undefined {
  const key = bundle.rail_keys.find(
    ({ key_id, rail }) => key_id === signed.key_id && rail === signed.statement.rail,
  );
  if (!key) return `no key ${signed.key_id} of ${signed.statement.rail}`;
  const time = Date.parse(at);
  const held =
    time >= Date.parse(key.valid_from) && (key.valid_to === null || time < Date.parse(key.valid_to));
  if (!held) return `${signed.key_id} was not the rail's key at ${at}`;
  if (!verifySignature(parsePublicKey(key.public_key), canonicalJson(signed.statement), signed.signature)) {
    return "the rail's signature does not verify";
  }
  return hashProblem(signed, signed.statement.evidence_sha256);
}

function hashProblem({ evidence, withheld }: RailMessage, sha256: string): string | undefined {
  if (evidence === null) return withheld === null ? "the rail's message is missing" : undefined;
  return sha256Hex(evidence) === sha256 ? undefined : "the rail's message is not the one that was signed for";
}
