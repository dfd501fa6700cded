/** Proofs of copies carry the ids of their copy; here they get the signatures that go with them. */
import { canonicalJson } from '../../domain/canonical';
import { sha256Hex } from '../../domain/settlement';
import type { Signer } from '../../domain/keys';
import { rows, type Db } from '../../store/db';

const PAGE = 1_000;
/** Sealed under the key of copies. */
const COPIED = 'aura:1:0:%';

interface Row {
  id: string;
  statement: Record<string, unknown>;
  evidence: string;
}

export async function signProofs(db: Db, signer: Signer): Promise<void> {
  for (let after = ''; ;) {
    const page = await rows<Row>(
      db,
      'SELECT id, statement, evidence FROM proofs WHERE id > ? AND evidence LIKE ? ORDER BY id LIMIT ?',
      [after, COPIED, PAGE],
    );
    const last = page.at(-1);
    if (!last) return;
    after = last.id;
    const signed = page.map(({ id, statement, evidence }) => {
      const whole = { ...statement, evidence_sha256: sha256Hex(evidence) };
      return { id, statement: whole, signature: signer.sign(canonicalJson(whole)) };
    });
    await db.transaction(async (trx) => {
      await trx.raw('SET LOCAL session_replication_role = replica');
      await trx.raw(
        `UPDATE proofs p SET statement = s.statement, signature = s.signature
         FROM jsonb_to_recordset(?::jsonb) AS s(id text, statement jsonb, signature text) WHERE p.id = s.id`,
        [JSON.stringify(signed)],
      );
    });
  }
}
