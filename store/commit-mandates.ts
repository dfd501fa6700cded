/** Mandates that are made within a commit: one for a session, offer, account and total, however often it is asked. */
import { newId } from '../domain/ids';
import { derivedId } from '../domain/payments/derived-id';
import { rows, type Queryable, type Trx } from './db';
import {
  ACCOUNT_COLUMNS,
  openAccounts,
  findMandate,
  insertMandate,
  upsertAccount,
  type Mandate,
  type PaymentAccount,
} from './payment-accounts';
import { recordAudit } from './states';

export interface CommitMandate {
  /** A mandate's id that belongs to this commit alone, should the common one be of no use any more. */
  spareId: string;
  agentId: string;
  account: PaymentAccount;
  sessionId: string;
  offerId: string;
  /** Minor units of the account's asset. */
  totalMinor: bigint;
  expiresAt: Date;
  /** What the payer signs for it, where the rail asks for that. */
  authorize?: (mandateId: string) => Promise<Readonly<Record<string, unknown>>>;
}

/** Stores the account, or locks the one that is there, so that mandates on it are made one at a time. */
export async function lockAccount(trx: Trx, account: Omit<PaymentAccount, 'id'>): Promise<PaymentAccount> {
  return upsertAccount(trx, { ...account, id: newId('paymentAccount') });
}

/** The principal's sandbox accounts, one for each rail; see `domain/payments/sandbox-accounts`. */
export async function sandboxAccounts(
  db: Queryable,
  principalId: string,
  asset: string,
): Promise<PaymentAccount[]> {
  const found = await rows<PaymentAccount>(
    db,
    `SELECT ${ACCOUNT_COLUMNS} FROM payment_accounts WHERE principal_id = ? AND asset = ? AND sandbox ORDER BY rail`,
    [principalId, asset],
  );
  return openAccounts(db, found);
}

/** The mandate of this commit, `fresh` where it has just been written down. The account has to be locked. */
export async function mandateOfCommit(
  trx: Trx,
  wanted: CommitMandate,
): Promise<{ mandate: Mandate; fresh: boolean }> {
  const { account, sessionId, offerId, totalMinor, spareId } = wanted;
  const commonId = derivedId('mandate', [sessionId, offerId, account.id, totalMinor.toString()]);
  const common = await findMandate(trx, commonId);
  if (common && isUsable(common)) return { mandate: common, fresh: false };
  // What was refused or ran out before is asked for anew by a new commit.
  const id = common ? spareId : commonId;
  const known = await findMandate(trx, id);
  if (known) return { mandate: known, fresh: false };
  await insertMandate(trx, {
    id,
    principalId: account.principalId,
    accountId: account.id,
    rail: account.rail,
    asset: account.asset,
    ceilingMinor: totalMinor,
    expiresAt: wanted.expiresAt,
    payerAuthorization: (await wanted.authorize?.(id)) ?? null,
    forCommit: true,
  });
  await recordAudit(trx, {
    actor: wanted.agentId,
    action: 'mandate.requested',
    subject: id,
    detail: { rail: account.rail, session_id: sessionId, offer_id: offerId },
  });
  const mandate = await findMandate(trx, id);
  if (!mandate) throw new Error('the mandate was not stored');
  return { mandate, fresh: true };
}

function isUsable({ status, expiresAt, usedMinor }: Mandate): boolean {
  return status !== 'rejected' && usedMinor === 0n && expiresAt > new Date();
}
