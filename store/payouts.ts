/** Payouts of principals, and what is waiting to be paid out. */
import type { PayoutSchedule, RailName } from '../domain/settlement';
import { rows, type Queryable, type Trx } from './db';

export interface Payout {
  id: string;
  principalId: string;
  rail: RailName;
  accountId: string;
  asset: string;
  amountMinor: bigint;
  status: 'pending' | 'proved' | 'rejected' | 'returned';
}

export interface Payable {
  seq: string;
  transactionId: string | null;
  principalId: string;
  asset: string;
  amountMinor: bigint;
}

export async function insertPayable(
  trx: Trx,
  payable: { principalId: string; asset: string; amountMinor: bigint } & (
    { transactionId: string } | { requestId: string }
  ),
): Promise<void> {
  await trx('payables').insert({
    transaction_id: 'transactionId' in payable ? payable.transactionId : null,
    request_id: 'requestId' in payable ? payable.requestId : null,
    principal_id: payable.principalId,
    asset: payable.asset,
    amount_minor: payable.amountMinor.toString(),
  });
}

/** Whether a withdrawal was queued by this request already. */
export async function isQueued(db: Queryable, requestId: string): Promise<boolean> {
  return (await rows(db, 'SELECT 1 FROM payables WHERE request_id = ?', [requestId])).length > 0;
}

type PayableRow = Omit<Payable, 'amountMinor'> & { amount: string };
const PAYABLE = `seq, transaction_id AS "transactionId", principal_id AS "principalId", asset, amount_minor AS amount`;
const toPayable = ({ amount, ...rest }: PayableRow): Payable => ({ ...rest, amountMinor: BigInt(amount) });

/** What waits to be paid out: of one deal, or all of a principal in an asset. Locked. */
export async function lockOpenPayables(
  trx: Trx,
  of: { transactionId: string } | { principalId: string; asset: string },
): Promise<Payable[]> {
  const found =
    'transactionId' in of
      ? await rows<PayableRow>(
          trx,
          `SELECT ${PAYABLE} FROM payables WHERE transaction_id = ? AND payout_id IS NULL FOR UPDATE`,
          [of.transactionId],
        )
      : await rows<PayableRow>(
          trx,
          `SELECT ${PAYABLE} FROM payables WHERE principal_id = ? AND asset = ? AND payout_id IS NULL
           ORDER BY seq FOR UPDATE`,
          [of.principalId, of.asset],
        );
  return found.map(toPayable);
}

/**
 * Principals of a schedule with something to be paid out. The daily run also takes what an instant seller is still owed,
 * after a payout that failed.
 */
export function payableBalances(
  db: Queryable,
  schedule: PayoutSchedule,
): Promise<{ principalId: string; asset: string }[]> {
  return rows(
    db,
    `SELECT DISTINCT b.principal_id AS "principalId", b.asset FROM payables b
     WHERE b.payout_id IS NULL AND EXISTS (
       SELECT 1 FROM agents a WHERE a.principal_id = b.principal_id AND a.role = 'beacon' AND a.payout_schedule = ANY(?::text[]))
     ORDER BY 1, 2`,
    [schedule === 'daily' ? ['daily', 'instant'] : [schedule]],
  );
}

/** Whether a principal that is paid at once is owed something that no payout has taken. */
export async function awaitsPayout(db: Queryable, principalId: string, asset: string): Promise<boolean> {
  const found = await rows(
    db,
    `SELECT 1 FROM payables b WHERE b.principal_id = ? AND b.asset = ? AND b.payout_id IS NULL AND EXISTS (
       SELECT 1 FROM agents a
       WHERE a.principal_id = b.principal_id AND a.role = 'beacon' AND a.payout_schedule = 'instant') LIMIT 1`,
    [principalId, asset],
  );
  return found.length > 0;
}

/** How the seller of a deal wants to be paid. */
export async function payoutSchedule(db: Queryable, transactionId: string): Promise<PayoutSchedule> {
  const [found] = await rows<{ schedule: PayoutSchedule }>(
    db,
    `SELECT a.payout_schedule AS schedule FROM transactions t JOIN agents a ON a.id = t.beacon_id WHERE t.id = ?`,
    [transactionId],
  );
  return found?.schedule ?? 'instant';
}

export async function setPayoutSchedule(trx: Trx, agentId: string, schedule: PayoutSchedule): Promise<void> {
  await trx('agents').where({ id: agentId }).update({ payout_schedule: schedule });
}

export async function insertPayout(
  trx: Trx,
  payout: Omit<Payout, 'status'>,
  runId: string | null,
): Promise<void> {
  await trx('payouts').insert({
    id: payout.id,
    principal_id: payout.principalId,
    rail: payout.rail,
    account_id: payout.accountId,
    asset: payout.asset,
    amount_minor: payout.amountMinor.toString(),
    run_id: runId,
  });
}

/** What a run has prepared for a principal already. */
export async function payoutOfRun(
  db: Queryable,
  run: { principalId: string; asset: string; runId: string },
): Promise<Payout | undefined> {
  const [found] = await rows<Row>(
    db,
    `SELECT ${COLUMNS} FROM payouts p WHERE p.principal_id = ? AND p.asset = ? AND p.run_id = ?`,
    [run.principalId, run.asset, run.runId],
  );
  return found && toPayout(found);
}

export async function assignPayables(
  trx: Trx,
  payables: readonly Payable[],
  payoutId: string,
): Promise<void> {
  await trx('payables')
    .whereIn(
      'seq',
      payables.map(({ seq }) => seq),
    )
    .update({ payout_id: payoutId });
}

/** Frees what a payout that failed had taken, so that a later one can pay it. */
export async function freePayables(trx: Trx, payoutId: string): Promise<void> {
  await trx('payables').where({ payout_id: payoutId }).update({ payout_id: null });
}

type Row = Omit<Payout, 'amountMinor'> & { amountMinor: string };
const COLUMNS = `p.id, p.principal_id AS "principalId", p.rail, p.account_id AS "accountId", p.asset,
  p.amount_minor AS "amountMinor", p.status`;
const toPayout = (row: Row): Payout => ({ ...row, amountMinor: BigInt(row.amountMinor) });

export async function lockPayout(trx: Trx, id: string): Promise<Payout> {
  const [found] = await rows<Row>(trx, `SELECT ${COLUMNS} FROM payouts p WHERE p.id = ? FOR UPDATE`, [id]);
  if (!found) throw new Error(`no payout ${id}`);
  return toPayout(found);
}

export async function setPayoutStatus(trx: Trx, id: string, status: Payout['status']): Promise<void> {
  await trx('payouts').where({ id }).update({ status });
}

/** The payout that took a deal's proceeds, if one did. */
export async function payoutOfDeal(db: Queryable, transactionId: string): Promise<Payout | undefined> {
  const [found] = await rows<Row>(
    db,
    `SELECT ${COLUMNS} FROM payables b JOIN payouts p ON p.id = b.payout_id WHERE b.transaction_id = ?`,
    [transactionId],
  );
  return found && toPayout(found);
}

/** A principal's payouts with the deals in each, newest first. */
export async function payoutsOf(
  db: Queryable,
  principalId: string,
  limit: number,
): Promise<(Payout & { createdAt: Date; parts: { transactionId: string | null; amountMinor: string }[] })[]> {
  const found = await rows<
    Row & { createdAt: Date; parts: { transactionId: string | null; amountMinor: string }[] }
  >(
    db,
    `SELECT ${COLUMNS}, p.created_at AS "createdAt", coalesce((
       SELECT jsonb_agg(jsonb_build_object('transactionId', b.transaction_id, 'amountMinor', b.amount_minor::text)
         ORDER BY b.seq) FROM payables b WHERE b.payout_id = p.id), '[]') AS parts
     FROM payouts p WHERE p.principal_id = ? ORDER BY p.id DESC LIMIT ?`,
    [principalId, limit],
  );
  return found.map((row) => ({ ...toPayout(row), createdAt: row.createdAt, parts: row.parts }));
}
