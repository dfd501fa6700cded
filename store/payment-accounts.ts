/** Accounts of principals at the rails and the mandates on them. */
import type { AccountForm } from '../domain/rail-terms';
import type { PayerAction, RailName } from '../domain/settlement';
import { rows, type Queryable, type Trx } from './db';

export interface PaymentAccount {
  id: string;
  principalId: string;
  rail: RailName;
  asset: string;
  form: AccountForm;
  /** What the rail reaches it by, as one text: unique per principal and rail. */
  identifier: string;
  /** The form's own fields, e.g. `{routingNumber, accountNumber}`, `{token}`, `{address}`. */
  details: Readonly<Record<string, unknown>>;
  holderName: string;
}

const ACCOUNT = `id, principal_id AS "principalId", rail, asset, form, identifier, details, holder_name AS "holderName"`;

/** Stores the account, or answers the one the principal has registered already. */
export async function upsertAccount(trx: Trx, account: PaymentAccount): Promise<PaymentAccount> {
  const [stored] = await rows<PaymentAccount>(
    trx,
    `INSERT INTO payment_accounts (id, principal_id, rail, asset, form, identifier, details, holder_name)
     VALUES (?, ?, ?, ?, ?, ?, ?::jsonb, ?)
     ON CONFLICT (principal_id, rail, identifier) DO UPDATE SET holder_name = excluded.holder_name
     RETURNING ${ACCOUNT}`,
    [
      account.id,
      account.principalId,
      account.rail,
      account.asset,
      account.form,
      account.identifier,
      JSON.stringify(account.details),
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

/** Takes over what a rail corrected of an account's details. */
export async function correctAccount(
  trx: Trx,
  id: string,
  correction: { identifier: string; details: Readonly<Record<string, unknown>> },
): Promise<void> {
  await trx('payment_accounts')
    .where({ id })
    .update({ identifier: correction.identifier, details: JSON.stringify(correction.details) });
}

/** Whether money can go to it. A facilitator's token pays from an account that nobody here knows the wallet of. */
export function canReceive({ form, details }: PaymentAccount): boolean {
  return form !== 'wallet' || typeof details.address === 'string';
}

/** The account a principal is paid out to: the newest at the first of these rails that it has one at. */
export async function payoutAccount(
  db: Queryable,
  principalId: string,
  rails: readonly string[],
  asset: string,
): Promise<PaymentAccount | undefined> {
  const [found] = await rows<PaymentAccount>(
    db,
    `SELECT ${ACCOUNT} FROM payment_accounts
     WHERE principal_id = :principal AND rail = ANY(:rails) AND asset = :asset
       AND (form <> 'wallet' OR details->>'address' IS NOT NULL)
     ORDER BY array_position(:rails::text[], rail), created_at DESC, id DESC LIMIT 1`,
    { principal: principalId, rails: [...rails], asset },
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
  status: 'requested' | 'action_required' | 'accepted' | 'rejected';
  /** What the payer signed for it, as the rail's adapter reads it. */
  payerAuthorization: Readonly<Record<string, unknown>> | null;
  action: PayerAction | null;
  reference: string | null;
  refusal: string | null;
  expiresAt: Date;
}

export async function insertMandate(
  trx: Trx,
  mandate: Pick<
    Mandate,
    | 'id'
    | 'principalId'
    | 'accountId'
    | 'rail'
    | 'asset'
    | 'ceilingMinor'
    | 'expiresAt'
    | 'payerAuthorization'
  > & {
    /** It was asked for on the way of a commit, and no other deal may draw on it. */
    forCommit?: boolean;
  },
): Promise<void> {
  await trx('mandates').insert({
    for_commit: mandate.forCommit ?? false,
    id: mandate.id,
    principal_id: mandate.principalId,
    account_id: mandate.accountId,
    rail: mandate.rail,
    asset: mandate.asset,
    ceiling_minor: mandate.ceilingMinor.toString(),
    payer_authorization: mandate.payerAuthorization && JSON.stringify(mandate.payerAuthorization),
    expires_at: mandate.expiresAt,
  });
}

export async function findMandate(db: Queryable, id: string): Promise<Mandate | undefined> {
  const [found] = await rows<Omit<Mandate, 'ceilingMinor' | 'usedMinor'> & { ceiling: string; used: string }>(
    db,
    `SELECT id, principal_id AS "principalId", account_id AS "accountId", rail, asset, ceiling_minor AS ceiling,
       used_minor AS used, status, payer_authorization AS "payerAuthorization", action, reference, refusal,
       expires_at AS "expiresAt" FROM mandates WHERE id = ?`,
    [id],
  );
  if (!found) return undefined;
  const { ceiling, used, ...rest } = found;
  return { ...rest, ceilingMinor: BigInt(ceiling), usedMinor: BigInt(used) };
}

/** The payer's answer to a request for a mandate. Only a request that is still open takes one. */
export async function answerMandate(
  trx: Trx,
  id: string,
  answer:
    | { status: 'accepted'; reference: string }
    | { status: 'rejected'; refusal: string }
    | { status: 'action_required'; action: PayerAction },
): Promise<void> {
  const action = answer.status === 'action_required' ? JSON.stringify(answer.action) : null;
  await trx('mandates')
    .where({ id })
    .whereIn('status', ['requested', 'action_required'])
    .update({ ...answer, action });
}

/** The digits by which the holder knows the card that a mandate draws on, where they are known. */
export async function lastFourOf(db: Queryable, mandateId: string): Promise<{ last_four?: string }> {
  const [found] = await rows<{ lastFour: string }>(
    db,
    `SELECT a.details->>'last4' AS "lastFour" FROM mandates m JOIN payment_accounts a ON a.id = m.account_id
     WHERE m.id = ? AND a.form = 'card' AND a.details->>'last4' IS NOT NULL`,
    [mandateId],
  );
  return found ? { last_four: found.lastFour } : {};
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

/** The instruction that draws on the mandate with this reference of the network. */
export async function instructionOfMandate(
  db: Queryable,
  rail: string,
  reference: string,
): Promise<string | undefined> {
  const [found] = await rows<{ id: string }>(
    db,
    `SELECT i.id FROM mandates m JOIN instructions i ON i.document->'debtor'->>'mandate_ref' = m.id
     WHERE m.rail = ? AND m.reference = ? AND i.rail = m.rail ORDER BY i.id DESC LIMIT 1`,
    [rail, reference],
  );
  return found?.id;
}
