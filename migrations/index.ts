/** The migrations in order. Each is one transaction of plain SQL, up and down. */
import type { Knex } from 'knex';
import { identity } from './0001-identity';
import { market } from './0002-market';
import { ledger } from './0003-ledger';
import { clearing } from './0004-clearing';
import { aftermath } from './0005-aftermath';
import { reconciliation } from './0006-reconciliation';
import { netting } from './0007-netting';
import { policies } from './0009-policies';
import { paymentCapabilities } from './0010-payment-capabilities';
import { credentials } from './0008-credentials';
import { webhooks } from './0011-webhooks';
import { confirmations } from './0012-confirmations';
import { sealing } from './0013-sealing';
import { growth } from './0014-growth';
import { auditChain } from './0015-audit-chain';
import { upkeep } from './0016-upkeep';
import { postingPlans } from './0017-posting-plans';
import { ledgerSpeed } from './0018-ledger-speed';
import { nonces } from './0019-nonces';

export interface Migration {
  readonly name: string;
  readonly up: string;
  readonly down: string;
}

export const MIGRATIONS: readonly Migration[] = [
  identity,
  market,
  ledger,
  clearing,
  aftermath,
  reconciliation,
  netting,
  credentials,
  policies,
  paymentCapabilities,
  webhooks,
  confirmations,
  sealing,
  growth,
  auditChain,
  upkeep,
  postingPlans,
  ledgerSpeed,
  nonces,
];

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
