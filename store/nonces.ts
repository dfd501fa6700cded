/** Signatures that were used. Redis answers fast; when it is gone Postgres keeps the promise. */
import type { Redis } from 'ioredis';
import { rows, type Db } from './db';

export interface NonceStore {
  /** True the first time, false within the window after. */
  use(nonce: string): Promise<boolean>;
}

/** Twice the signature window: a request may be dated up to one window ahead. */
const KEEP_SECONDS = 660;

export function createNonceStore({ redis, db }: { redis: Redis; db: Db }): NonceStore {
  return {
    async use(nonce) {
      if (redis.status === 'ready') {
        try {
          return (await redis.set(`nonce:${nonce}`, '1', 'EX', KEEP_SECONDS, 'NX')) === 'OK';
        } catch {
          // Fall through to Postgres: a lost cache must not open the door to replays.
        }
      }
      await db.raw('DELETE FROM request_nonces WHERE expires_at < now()');
      const stored = await rows(
        db,
        `INSERT INTO request_nonces VALUES (?, now() + ? * interval '1 second') ON CONFLICT DO NOTHING RETURNING 1`,
        [nonce, KEEP_SECONDS],
      );
      return stored.length > 0;
    },
  };
}
