/** Verifies every accepted proof again, with the keys that its rail held when it executed. */
import { checkProof, type RailKey } from '../../domain/clearing/proof';
import { ERASED } from '../../domain/personal-data';
import { PROFILES, type ProfileId } from '../../domain/profiles';
import { SealError } from '../../domain/sealing';
import type { Instruction, InstructionKind, SettlementProof } from '../../domain/settlement';
import type { Trx } from '../db';
import { railKeys } from '../trust';
import { hasKeys, isSealed, openOne } from '../vault';
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
      for (const row of page) {
        const message = await messageOf(trx, row);
        const problem =
          message === 'moved'
            ? "signature: the network's message was sealed for another row"
            : problemOf(row, await keys(row.instruction.rail), message === 'gone');
        found.add(row.id, problem);
      }
    }
    return found.finding();
  },
};

/** Opens the network's message. What was erased, or cannot be opened here, is held to its signed hash no more. */
async function messageOf(trx: Trx, row: Row): Promise<'there' | 'gone' | 'moved'> {
  if (!isSealed(row.evidence)) return 'there';
  if (!hasKeys(trx)) return 'gone';
  try {
    await openOne(trx, 'proofs', row, { evidence: 'evidence' }, ({ id }) => id);
  } catch (error) {
    if (error instanceof SealError) return 'moved';
    throw error;
  }
  return row.evidence === ERASED ? 'gone' : 'there';
}

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
function problemOf(row: Row, keys: readonly RailKey[], evidenceGone: boolean): string | undefined {
  const asked = row.kind === 'pay_in' && !row.again ? row.profileId : null;
  const { checks } = checkProof({
    instruction: row.instruction,
    proof: row,
    railKeys: keys,
    finalityAsked: asked ? PROFILES[asked].finality : 'provisional',
    now: row.createdAt,
    referenceUsed: false,
    evidenceGone,
  });
  const failed = checks.filter(({ passed }) => !passed).map(({ check, detail }) => `${check}: ${detail}`);
  return failed.length > 0 ? failed.join('; ') : undefined;
}
