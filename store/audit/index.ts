/** The laws of the clearinghouse, tried on a live database: everything it says at one instant, and nothing written. */
import { inTransaction, type Db, type Trx } from '../db';
import { accountsAddUp } from './accounts-add-up';
import { assetsAddUp } from './assets-add-up';
import { dealRecords } from './deal-records';
import { auditChain } from './audit-chain';
import { endedDeals } from './ended-deals';
import { entriesBalance } from './entries-balance';
import { executedOnce } from './executed-once';
import { exposures } from './exposures';
import { history } from './history';
import type { Finding, Law } from './law';
import { margins } from './margins';
import { netting } from './netting';
import { par } from './par';
import { payouts } from './payouts';
import { proofs } from './proofs';
import { recoveries } from './recoveries';
import { referencesOnce } from './references-once';
import { refunds } from './refunds';
import { reversals } from './reversals';
import { settledDeals } from './settled-deals';
import { told } from './told';
import { unreconciled } from './unreconciled';

export type { Finding, Law, Violation } from './law';

export const LAWS: readonly Law[] = [
  entriesBalance,
  accountsAddUp,
  assetsAddUp,
  endedDeals,
  margins,
  executedOnce,
  referencesOnce,
  history,
  auditChain,
  proofs,
  settledDeals,
  refunds,
  reversals,
  recoveries,
  par,
  payouts,
  exposures,
  dealRecords,
  netting,
  told,
  unreconciled,
];

export interface LawFinding extends Finding {
  readonly law: string;
  readonly says: string;
}

export interface AuditReport {
  readonly laws: readonly LawFinding[];
  readonly ok: boolean;
}

/** Tries every law on one snapshot of the database; whatever else goes on there neither waits for it nor shows in it. */
export async function audit(db: Db): Promise<AuditReport> {
  return inTransaction(db, async (trx) => {
    await trx.raw('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    return auditWithin(trx);
  });
}

/** The same within a transaction of the caller. */
export async function auditWithin(trx: Trx): Promise<AuditReport> {
  const laws: LawFinding[] = [];
  for (const { name, says, check } of LAWS) laws.push({ law: name, says, ...(await check(trx)) });
  return { laws, ok: laws.every(({ violations }) => violations === 0) };
}
