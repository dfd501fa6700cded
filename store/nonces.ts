/**
 * Signatures that were used. They are kept in the books and not in Redis: what a cache forgets when it restarts could be
 * sent again within its five minutes.
 */
import { rows, type Db } from './db';

export interface NonceStore {
  /** True the first time, false within the window after. */
  use(nonce: string): Promise<boolean>;
}

/** Twice the signature window: a request may be dated up to one window ahead. */
const KEEP_SECONDS = 660;
/** Each use clears away more than it adds, so that what has lapsed never piles up. */
const SWEEP = 3;

export function createNonceStore(db: Db): NonceStore {
  return {
    async use(nonce) {
      const stored = await rows(
        db,
        `WITH lapsed AS MATERIALIZED (
           SELECT nonce FROM request_nonces WHERE expires_at < now() AND nonce <> :nonce
           ORDER BY expires_at LIMIT ${SWEEP} FOR UPDATE SKIP LOCKED
         ), swept AS (DELETE FROM request_nonces WHERE nonce = ANY(ARRAY(SELECT nonce FROM lapsed)))
         INSERT INTO request_nonces AS n VALUES (:nonce, now() + :keep * interval '1 second')
         ON CONFLICT (nonce) DO UPDATE SET expires_at = EXCLUDED.expires_at WHERE n.expires_at < now()
         RETURNING 1`,
        { nonce, keep: KEEP_SECONDS },
      );
      return stored.length > 0;
    },
  };
}
