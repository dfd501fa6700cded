/** Accounts of principals at the rails and the mandates on them. */
import type { AccountForm } from '../domain/rail-terms';
import type { PayerAction, RailName } from '../domain/settlement';
import { rows, type Queryable, type Trx } from './db';
import { blindIndex, open, openOne, seal } from './vault';

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

/** Of `payment_accounts`, sealed as they are stored. */
export const ACCOUNT_COLUMNS = `id, principal_id AS "principalId", rail, asset, form, identifier, details, holder_name AS "holderName"`;
const FIELDS = { identifier: 'identifier', details: 'details', holderName: 'holder_name' } as const;

/** Accounts as they were read, opened. */
export function openAccounts(db: Queryable, found: PaymentAccount[]): Promise<PaymentAccount[]> {
  return open(db, 'payment_accounts', found, FIELDS, ({ id }) => id);
}

const INDEXED = 'payment_accounts.identifier';

/** Stores the account, or answers the one the principal has registered already, under the name given now. Locks it. */
export async function upsertAccount(trx: Trx, account: PaymentAccount): Promise<PaymentAccount> {
  const index = await blindIndex(trx, INDEXED, account.identifier);
  // Sealed values belong to their row, so that a known one has to be found first.
  const id = (await insertAccount(trx, account, index)) ? account.id : await lockKnown(trx, account, index);
  if (id !== account.id) {
    const place = { row: id, subject: account.principalId };
    const sealed = await seal(trx, 'payment_accounts', place, { holder_name: account.holderName });
    await trx('payment_accounts').where({ id }).update(sealed);
  }
  const stored = await findAccount(trx, id);
  if (!stored) throw new Error('the payment account was not stored');
  return stored;
}

async function insertAccount(trx: Trx, account: PaymentAccount, index: string): Promise<boolean> {
  const place = { row: account.id, subject: account.principalId };
  const inserted = (await trx('payment_accounts')
    .insert({
      id: account.id,
      principal_id: account.principalId,
      rail: account.rail,
      asset: account.asset,
      form: account.form,
      identifier_index: index,
      ...factsOf(account),
      ...(await seal(trx, 'payment_accounts', place, {
        identifier: account.identifier,
        details: account.details,
        holder_name: account.holderName,
      })),
    })
    .onConflict(['principal_id', 'rail', 'identifier_index'])
    .ignore()
    .returning('id')) as unknown[];
  return inserted.length > 0;
}

async function lockKnown(trx: Trx, { principalId, rail }: PaymentAccount, index: string): Promise<string> {
  const [known] = await rows<{ id: string }>(
    trx,
    `SELECT id FROM payment_accounts WHERE principal_id = ? AND rail = ? AND identifier_index = ? FOR UPDATE`,
    [principalId, rail, index],
  );
  if (!known) throw new Error('the payment account was not stored');
  return known.id;
}

/** What is asked of accounts in SQL, which cannot see their details. */
const factsOf = (account: Pick<PaymentAccount, 'form' | 'details'>) => ({
  sandbox: account.details.sandbox === true,
  receives: canReceive(account),
});

export async function findAccount(db: Queryable, id: string): Promise<PaymentAccount | undefined> {
  const found = await rows<PaymentAccount>(
    db,
    `SELECT ${ACCOUNT_COLUMNS} FROM payment_accounts WHERE id = ?`,
    [id],
  );
  return (await openAccounts(db, found))[0];
}

/** Takes over what a rail corrected of an account's details. */
export async function correctAccount(
  trx: Trx,
  id: string,
  correction: { identifier: string; details: Readonly<Record<string, unknown>> },
): Promise<void> {
  const [known] = await rows<{ subject: string; form: AccountForm }>(
    trx,
    'SELECT principal_id AS subject, form FROM payment_accounts WHERE id = ? FOR UPDATE',
    [id],
  );
  if (!known) throw new Error(`no payment account ${id}`);
  const place = { row: id, subject: known.subject };
  await trx('payment_accounts')
    .where({ id })
    .update({
      identifier_index: await blindIndex(trx, INDEXED, correction.identifier),
      ...factsOf({ form: known.form, details: correction.details }),
      ...(await seal(trx, 'payment_accounts', place, correction)),
    });
}

/** Whether money can go to it. A facilitator's token pays from an account that nobody here knows the wallet of. */
export function canReceive({ form, details }: Pick<PaymentAccount, 'form' | 'details'>): boolean {
  return form !== 'wallet' || typeof details.address === 'string';
}

/** The account a principal is paid out to: the newest at the first of these rails that it has one at. */
export async function payoutAccount(
  db: Queryable,
  principalId: string,
  rails: readonly string[],
  asset: string,
): Promise<PaymentAccount | undefined> {
  const found = await rows<PaymentAccount>(
    db,
    `SELECT ${ACCOUNT_COLUMNS} FROM payment_accounts
     WHERE principal_id = :principal AND rail = ANY(:rails) AND asset = :asset
       AND receives
     ORDER BY array_position(:rails::text[], rail), created_at DESC, id DESC LIMIT 1`,
    { principal: principalId, rails: [...rails], asset },
  );
  return (await openAccounts(db, found))[0];
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
    ...(await seal(
      trx,
      'mandates',
      { row: mandate.id, subject: mandate.principalId },
      { payer_authorization: mandate.payerAuthorization },
    )),
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
  await openOne(db, 'mandates', found, { payerAuthorization: 'payer_authorization' }, () => id);
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
  const cards = await rows<PaymentAccount>(
    db,
    `SELECT ${ACCOUNT_COLUMNS} FROM payment_accounts
     WHERE form = 'card' AND id = (SELECT account_id FROM mandates WHERE id = ?)`,
    [mandateId],
  );
  const lastFour = (await openAccounts(db, cards))[0]?.details.last4;
  return typeof lastFour === 'string' ? { last_four: lastFour } : {};
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
     WHERE m.rail = ? AND m.reference = ? AND i.rail = m.rail ORDER BY i.created_at DESC, i.id DESC LIMIT 1`,
    [rail, reference],
  );
  return found?.id;
}
