/** The migrations in order. Each is one transaction of plain SQL, up and down. */
import type { Knex } from 'knex';
import { identity } from './0001-identity';
import { market } from './0002-market';
import { ledger } from './0003-ledger';
import { clearing } from './0004-clearing';
import { aftermath } from './0005-aftermath';

export interface Migration {
  readonly name: string;
  readonly up: string;
  readonly down: string;
}

export const MIGRATIONS: readonly Migration[] = [identity, market, ledger, clearing, aftermath];

/** For knex, which otherwise looks for files and would find them in two places (source and build). */
export const migrationSource: Knex.MigrationSource<Migration> = {
  getMigrations: () => Promise.resolve([...MIGRATIONS]),
  getMigrationName: ({ name }) => name,
  getMigration: ({ up, down }) =>
    Promise.resolve({
      up: async (knex: Knex) => void (await knex.raw(up)),
      down: async (knex: Knex) => void (await knex.raw(down)),
    }),
};
