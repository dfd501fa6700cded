import type { Migration } from '.';

export const upkeep: Migration = {
  name: '0016-upkeep',
  up: `CREATE INDEX sessions_unopened ON sessions (created_at) WHERE market_state = 'created';`,
  down: `DROP INDEX sessions_unopened;`,
};
