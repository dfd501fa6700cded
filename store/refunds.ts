/** Refunds of deals. */
import type { Sources } from '../domain/ledger/postings';
import { rows, type Queryable, type Trx } from './db';
import { open, seal } from './vault';

export type RefundCause = 'voluntary' | 'cancellation' | 'remedy';

export interface Refund {
  id: string;
  transactionId: string;
  asset: string;
  amountMinor: bigint;
  cause: RefundCause;
  reason: string;
  requestedBy: string;
  /** `to_balance`: no rail could bring it, so it is the buyer's free balance. `withdrawn`: the rail had taken it back. */
  status: 'pending' | 'proved' | 'to_balance' | 'withdrawn';
  /** What it was taken from when it was granted. */
  sources: Sources;
  createdAt: Date;
}

type Row = Omit<Refund, 'amountMinor' | 'sources'> & {
  amount: string;
  sources: Record<keyof Sources, string>;
};
const COLUMNS = `id, transaction_id AS "transactionId", asset, amount_minor AS amount, cause, reason,
  requested_by AS "requestedBy", status, sources, created_at AS "createdAt"`;
const toRefund = ({ amount, sources, ...rest }: Row): Refund => ({
  ...rest,
  amountMinor: BigInt(amount),
  sources: sourcesOf(sources),
});

const toRefunds = async (db: Queryable, found: Row[]): Promise<Refund[]> =>
  (await open(db, 'refunds', found, { reason: 'reason' }, ({ id }) => id)).map(toRefund);

export async function insertRefund(trx: Trx, refund: Omit<Refund, 'status' | 'createdAt'>): Promise<void> {
  const { sources } = refund;
  await trx('refunds').insert({
    id: refund.id,
    transaction_id: refund.transactionId,
    asset: refund.asset,
    amount_minor: refund.amountMinor.toString(),
    cause: refund.cause,
    ...(await seal(
      trx,
      'refunds',
      { row: refund.id, subject: refund.transactionId },
      { reason: refund.reason },
    )),
    requested_by: refund.requestedBy,
    sources: sourcesJson(sources),
  });
}

export function sourcesJson(sources: Sources): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(sources).map(([part, minor]) => [part, String(minor)])),
  );
}

export function sourcesOf(json: Record<keyof Sources, string>): Sources {
  return {
    entitlementMinor: BigInt(json.entitlementMinor),
    feesDeferredMinor: BigInt(json.feesDeferredMinor),
    collateralMinor: BigInt(json.collateralMinor),
    recoverableMinor: BigInt(json.recoverableMinor),
  };
}

export async function findRefund(db: Queryable, id: string): Promise<Refund | undefined> {
  const found = await rows<Row>(db, `SELECT ${COLUMNS} FROM refunds WHERE id = ?`, [id]);
  return (await toRefunds(db, found))[0];
}

export async function refundsOf(db: Queryable, transactionId: string): Promise<Refund[]> {
  const found = await rows<Row>(db, `SELECT ${COLUMNS} FROM refunds WHERE transaction_id = ? ORDER BY id`, [
    transactionId,
  ]);
  return toRefunds(db, found);
}

export async function setRefundStatus(trx: Trx, id: string, status: Refund['status']): Promise<void> {
  await trx('refunds').where({ id }).update({ status, ended_at: trx.fn.now() });
}
