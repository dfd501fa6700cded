/** Bank accounts of principals and the mandates (accepted requests for payment) on them. */
import type { RailName } from '../domain/settlement';
import { rows, type Queryable, type Trx } from './db';

export interface PaymentAccount {
  id: string;
  principalId: string;
  rail: RailName;
  asset: string;
  routingNumber: string;
  accountNumber: string;
  holderName: string;
}

const ACCOUNT = `id, principal_id AS "principalId", rail, asset, routing_number AS "routingNumber",
  account_number AS "accountNumber", holder_name AS "holderName"`;

/** Stores the account, or answers the one the principal has registered already. */
export async function upsertAccount(trx: Trx, account: PaymentAccount): Promise<PaymentAccount> {
  const [stored] = await rows<PaymentAccount>(
    trx,
    `INSERT INTO payment_accounts (id, principal_id, rail, asset, routing_number, account_number, holder_name)
     VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (principal_id, rail, routing_number, account_number) DO UPDATE SET holder_name = excluded.holder_name
     RETURNING ${ACCOUNT}`,
    [
      account.id,
      account.principalId,
      account.rail,
      account.asset,
      account.routingNumber,
      account.accountNumber,
      account.holderName,
    ],
  );
  if (!stored) throw new Error('the payment account was not stored');
  return stored;
}

export async function findAccount(db: Queryable, id: string): Promise<PaymentAccount | undefined> {
  const [found] = await rows<PaymentAccount>(db, `SELECT ${ACCOUNT} FROM payment_accounts WHERE id = ?`, [
    id,
  ]);
  return found;
}

/** The account a principal is paid out to: the newest at that rail. */
export async function payoutAccount(
  db: Queryable,
  principalId: string,
  rail: string,
  asset: string,
): Promise<PaymentAccount | undefined> {
  const [found] = await rows<PaymentAccount>(
    db,
    `SELECT ${ACCOUNT} FROM payment_accounts WHERE principal_id = ? AND rail = ? AND asset = ?
     ORDER BY created_at DESC, id DESC LIMIT 1`,
    [principalId, rail, asset],
  );
  return found;
}

export interface Mandate {
  id: string;
  principalId: string;
  accountId: string;
  rail: RailName;
  asset: string;
  ceilingMinor: bigint;
  usedMinor: bigint;
  status: 'requested' | 'accepted' | 'rejected';
  reference: string | null;
  refusal: string | null;
  expiresAt: Date;
}

export async function insertMandate(
  trx: Trx,
  mandate: Pick<
    Mandate,
    'id' | 'principalId' | 'accountId' | 'rail' | 'asset' | 'ceilingMinor' | 'expiresAt'
  >,
): Promise<void> {
  await trx('mandates').insert({
    id: mandate.id,
    principal_id: mandate.principalId,
    account_id: mandate.accountId,
    rail: mandate.rail,
    asset: mandate.asset,
    ceiling_minor: mandate.ceilingMinor.toString(),
    expires_at: mandate.expiresAt,
  });
}

export async function findMandate(db: Queryable, id: string): Promise<Mandate | undefined> {
  const [found] = await rows<Omit<Mandate, 'ceilingMinor' | 'usedMinor'> & { ceiling: string; used: string }>(
    db,
    `SELECT id, principal_id AS "principalId", account_id AS "accountId", rail, asset, ceiling_minor AS ceiling,
       used_minor AS used, status, reference, refusal, expires_at AS "expiresAt" FROM mandates WHERE id = ?`,
    [id],
  );
  if (!found) return undefined;
  const { ceiling, used, ...rest } = found;
  return { ...rest, ceilingMinor: BigInt(ceiling), usedMinor: BigInt(used) };
}

/** The payer's answer to a request for payment. Only a request that is still open takes one. */
export async function answerMandate(
  trx: Trx,
  id: string,
  answer: { status: 'accepted'; reference: string } | { status: 'rejected'; refusal: string },
): Promise<void> {
  await trx('mandates').where({ id, status: 'requested' }).update(answer);
}

/** Uses up part of a mandate (or gives it back, when negative). False where it does not reach that far. */
export async function useMandate(trx: Trx, id: string, amountMinor: bigint): Promise<boolean> {
  const used = await rows(
    trx,
    'UPDATE mandates SET used_minor = used_minor + :amount WHERE id = :id AND used_minor + :amount <= ceiling_minor RETURNING 1',
    { id, amount: amountMinor.toString() },
  );
  return used.length > 0;
}
