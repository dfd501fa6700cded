import type { RailName } from '../domain/settlement';
import { rows, type Queryable, type Trx } from './db';

export interface Payout {
  id: string;
  principalId: string;
  rail: RailName;
  accountId: string;
  asset: string;
  amountMinor: bigint;
  status: 'pending' | 'proved' | 'rejected';
}

export async function insertPayable(
  trx: Trx,
  payable: { transactionId: string; principalId: string; asset: string; amountMinor: bigint },
): Promise<void> {
  await trx('payables').insert({
    transaction_id: payable.transactionId,
    principal_id: payable.principalId,
    asset: payable.asset,
    amount_minor: payable.amountMinor.toString(),
  });
}

/** What a released deal still owes its seller; undefined once a payout has taken it. */
export async function lockOpenPayable(
  trx: Trx,
  transactionId: string,
): Promise<{ principalId: string; asset: string; amountMinor: bigint } | undefined> {
  const [found] = await rows<{ principalId: string; asset: string; amount: string }>(
    trx,
    `SELECT principal_id AS "principalId", asset, amount_minor AS amount FROM payables
     WHERE transaction_id = ? AND payout_id IS NULL FOR UPDATE`,
    [transactionId],
  );
  return found && { principalId: found.principalId, asset: found.asset, amountMinor: BigInt(found.amount) };
}

export async function insertPayout(trx: Trx, payout: Omit<Payout, 'status'>): Promise<void> {
  await trx('payouts').insert({
    id: payout.id,
    principal_id: payout.principalId,
    rail: payout.rail,
    account_id: payout.accountId,
    asset: payout.asset,
    amount_minor: payout.amountMinor.toString(),
  });
}

export async function assignPayable(trx: Trx, transactionId: string, payoutId: string | null): Promise<void> {
  await trx('payables').where({ transaction_id: transactionId }).update({ payout_id: payoutId });
}

/** Frees what a rejected payout had taken, so that a later one can pay it. */
export async function freePayables(trx: Trx, payoutId: string): Promise<void> {
  await trx('payables').where({ payout_id: payoutId }).update({ payout_id: null });
}

const COLUMNS = `id, principal_id AS "principalId", rail, account_id AS "accountId", asset, amount_minor AS "amountMinor", status`;

export async function lockPayout(trx: Trx, id: string): Promise<Payout> {
  const [found] = await rows<Omit<Payout, 'amountMinor'> & { amountMinor: string }>(
    trx,
    `SELECT ${COLUMNS} FROM payouts WHERE id = ? FOR UPDATE`,
    [id],
  );
  if (!found) throw new Error(`no payout ${id}`);
  return { ...found, amountMinor: BigInt(found.amountMinor) };
}

export async function setPayoutStatus(trx: Trx, id: string, status: Payout['status']): Promise<void> {
  await trx('payouts').where({ id }).update({ status });
}

/** The payout that took a deal's proceeds, if one did. */
export async function payoutOfDeal(db: Queryable, transactionId: string): Promise<Payout | undefined> {
  const [found] = await rows<Omit<Payout, 'amountMinor'> & { amountMinor: string }>(
    db,
    `SELECT p.id, p.principal_id AS "principalId", p.rail, p.account_id AS "accountId", p.asset,
       p.amount_minor AS "amountMinor", p.status
     FROM payables b JOIN payouts p ON p.id = b.payout_id WHERE b.transaction_id = ?`,
    [transactionId],
  );
  return found && { ...found, amountMinor: BigInt(found.amountMinor) };
}
