/** Verifies every accepted proof again, with the keys that its rail held when it executed. */
import { checkProof, type RailKey } from '../../domain/clearing/proof';
import { PROFILES, type ProfileId } from '../../domain/profiles';
import type { Instruction, InstructionKind, SettlementProof } from '../../domain/settlement';
import type { Trx } from '../db';
import { railKeys } from '../trust';
import { pages, tally, type Law } from './law';

interface Row extends SettlementProof {
  id: string;
  createdAt: Date;
  instruction: Instruction;
  kind: InstructionKind;
  profileId: ProfileId | null;
  /** A payment that was presented again after it had been taken back. */
  again: boolean;
}

const ACCEPTED = `
  SELECT p.id, p.statement, p.key_id, p.signature, p.evidence, p.created_at AS "createdAt", i.document AS instruction,
    i.kind, t.profile_id AS "profileId",
    EXISTS (SELECT 1 FROM instructions r WHERE r.id = i.replaces AND r.status = 'reversed') AS again
  FROM proofs p JOIN instructions i ON i.id = p.instruction_id LEFT JOIN transactions t ON t.id = i.transaction_id
  WHERE p.accepted`;

export const proofs: Law = {
  name: 'proofs-hold',
  says: 'every accepted proof verifies again: signature, amount, correlation, finality, timeliness',
  async check(trx) {
    const found = tally();
    const keys = keyRing(trx);
    for await (const page of pages<Row>(trx, ACCEPTED)) {
      for (const row of page) found.add(row.id, problemOf(row, await keys(row.instruction.rail)));
    }
    return found.finding();
  },
};

/** A rail's keys are read once. */
function keyRing(trx: Trx): (rail: string) => Promise<RailKey[]> {
  const known = new Map<string, RailKey[]>();
  return async (rail) => {
    const found = known.get(rail) ?? (await railKeys(trx, rail));
    known.set(rail, found);
    return found;
  };
}

/** What else counted the reference is a law of its own, so here it is taken as new. */
function problemOf(row: Row, keys: readonly RailKey[]): string | undefined {
  const asked = row.kind === 'pay_in' && !row.again ? row.profileId : null;
  const { checks } = checkProof({
    instruction: row.instruction,
    proof: row,
    railKeys: keys,
    finalityAsked: asked ? PROFILES[asked].finality : 'provisional',
    now: row.createdAt,
    referenceUsed: false,
  });
  const failed = checks.filter(({ passed }) => !passed).map(({ check, detail }) => `${check}: ${detail}`);
  return failed.length > 0 ? failed.join('; ') : undefined;
}
