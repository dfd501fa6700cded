/** Authorizations to debit accounts: recorded for accounts that are there and open. Nobody learns of balances. */
import { type AuthorizationAnswer, type AuthorizationRequest } from '../../ach/wire';
import { nowOf, type Bank } from './bank';
import type { Reply } from './intake';
import { answerKind, preventsRecording } from './misbehaviour';
import { openOnSight } from './on-sight';
import type { Refusal } from './rules';

export function onAuthorization(bank: Bank, mandateId: string, request: AuthorizationRequest): Reply {
  const { books, misbehaviours } = bank;
  const rule = misbehaviours.choose({
    occasion: 'mandate',
    accountNumber: request.account_number,
    amountMinor: BigInt(request.ceiling_minor),
  });
  const misbehaviour = answerKind(rule?.kind);
  if (preventsRecording(misbehaviour)) return { body: undefined, misbehaviour };
  const known = books.authorizationById(mandateId);
  const account = { routingNumber: request.routing_number, accountNumber: request.account_number };
  if (known) {
    const { account: of, ceilingMinor } = known;
    const same =
      of.routingNumber === account.routingNumber &&
      of.accountNumber === account.accountNumber &&
      ceilingMinor === request.ceiling_minor;
    const other = { reason: 'DUPL', detail: 'another authorization has this id' };
    return { body: answer(bank, mandateId, same ? known.reference : other), misbehaviour };
  }
  openOnSight(bank, account);
  const refusal = refusalOf(bank, request, rule?.kind === 'refuse_mandate');
  if (refusal) return { body: answer(bank, mandateId, refusal), misbehaviour };
  const reference = `ATH${String(books.counts().authorizations + 1).padStart(12, '0')}`;
  bank.record({
    type: 'authorization_recorded',
    at: nowOf(bank),
    mandateId,
    reference,
    account,
    ceilingMinor: request.ceiling_minor,
    asset: request.asset,
    expiresAt: new Date(request.expires_at).toISOString(),
  });
  return { body: answer(bank, mandateId, reference), misbehaviour };
}

function refusalOf(bank: Bank, request: AuthorizationRequest, refuses: boolean): Refusal | undefined {
  const { routing_number: routingNumber, account_number: accountNumber } = request;
  const account = bank.books.accounts.find({ routingNumber, accountNumber });
  if (!account) return { reason: 'R03', detail: 'no such account' };
  if (!account.open) return { reason: 'R02', detail: 'the account is closed' };
  if (account.asset !== request.asset) return { reason: 'AM03', detail: 'not the asset of the account' };
  if (request.expires_at <= nowOf(bank)) return { reason: 'DT01', detail: 'it has expired' };
  if (refuses || account.refusesMandates)
    return { reason: account.business ? 'R29' : 'R10', detail: 'the holder does not authorize it' };
  return undefined;
}

function answer(bank: Bank, mandateId: string, decision: string | Refusal): AuthorizationAnswer {
  const base = { type: 'ach.authorization.v1' as const, mandate_id: mandateId, as_of: nowOf(bank) };
  if (typeof decision === 'string') return { ...base, status: 'accepted', reference: decision };
  return { ...base, status: 'rejected', ...decision };
}
