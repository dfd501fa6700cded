import type { Migration } from '.';

/** Which used signatures have lapsed, oldest first. */
export const nonces: Migration = {
  name: '0019-nonces',
  up: `CREATE INDEX request_nonces_by_expiry ON request_nonces (expires_at);`,
  down: `DROP INDEX request_nonces_by_expiry;`,
};
