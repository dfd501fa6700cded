/** Seals evidence bundles: AURA signs only what it has itself read from the books. */
import { canonicalHash } from '../domain/canonical';
import { signBundle } from '../domain/evidence';
import { databaseNow } from '../store/clock';
import { collectEvidence } from '../store/evidence';
import type { ActivityDeps } from './deps';

export function evidenceActivities({ db, signer }: ActivityDeps) {
  return {
    async sealEvidence({ transactionId }: { transactionId: string }) {
      const madeAt = (await databaseNow(db)).toISOString();
      const { bundle, signature } = signBundle(await collectEvidence(db, transactionId), signer, madeAt);
      const { keyId, publicKey } = signer;
      return { madeAt, keyId, publicKey, sha256: canonicalHash(bundle), signature };
    },
  };
}
