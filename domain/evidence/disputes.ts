/** What was said and decided in disputes: exhibits that hash to what they should, votes that their members signed. */
import { sha256Hex } from '../canonical';
import { tally, voteSigningBytes, type Decision } from '../clearing/disputes';
import { parsePublicKey, verifySignature } from '../keys';
import { parseMoney } from '../money';
import type { BundledDispute, EvidenceBundle } from './bundle';
import { counted, firstProblem, verdict, type BundleCheck } from './check';

export function checkDisputes(bundle: EvidenceBundle): BundleCheck {
  const { asset } = bundle.commitment.document.amounts;
  const problem = firstProblem(
    bundle.disputes,
    ({ dispute_id }) => dispute_id,
    (dispute) => exhibitProblem(dispute) ?? voteProblem(dispute) ?? decisionProblem(dispute, asset),
  );
  return verdict('disputes', problem, counted(bundle.disputes.length, 'dispute'));
}

function exhibitProblem({ statements }: BundledDispute): string | undefined {
  const exhibits = statements.flatMap((said) => said.exhibits);
  const other = exhibits.find(
    ({ content, sha256 }) => content !== undefined && sha256Hex(content) !== sha256,
  );
  return other && `the exhibit "${other.description}" is not the one that was filed`;
}

function voteProblem({ dispute_id, panel }: BundledDispute): string | undefined {
  if (!panel) return undefined;
  return firstProblem(
    panel.votes,
    ({ vote }) => vote.member_id,
    ({ vote, signature, public_keys }) => {
      if (vote.dispute_id !== dispute_id) return 'a vote in another dispute';
      if (!panel.members.includes(vote.member_id)) return 'not of the panel';
      const bytes = voteSigningBytes(vote);
      const signed = public_keys.some((key) => verifySignature(parsePublicKey(key), bytes, signature));
      return signed ? undefined : "the member's signature does not verify";
    },
  );
}

/** A panel's decision is what its votes come to. */
function decisionProblem({ panel, decision }: BundledDispute, asset: string): string | undefined {
  if (!panel || decision?.decided_by !== 'panel') return undefined;
  const votes = panel.votes.map(({ vote: { remedy, amount } }): Decision => ({
    remedy,
    ...(amount !== undefined && { amountMinor: parseMoney(amount, asset).amountMinor }),
  }));
  const came = tally(votes, panel.quorum);
  const same =
    came?.remedy === decision.remedy && (came.amountMinor?.toString() ?? null) === decision.amount_minor;
  return same ? undefined : 'the decision is not what the votes come to';
}
