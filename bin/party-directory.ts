/** The rails' view of accounts and mandates. Account details leave the database only here, on their way to a rail. */
import type { RailName } from '../domain/settlement';
import type {
  FacilitatorTokenAuthorization,
  PartyDirectory,
  RailAccount,
  TransferAuthorization,
} from '../rails/port';
import { inTransaction, type Db } from '../store/db';
import { findInstruction } from '../store/instructions';
import {
  correctAccount,
  findAccount,
  findMandate,
  instructionOfMandate,
  type PaymentAccount,
} from '../store/payment-accounts';
import { recordAudit } from '../store/states';

export function partyDirectory(db: Db, rail: RailName): PartyDirectory {
  const stored = async (id: string): Promise<PaymentAccount> => {
    const found = await findAccount(db, id);
    if (!found) throw new Error(`no payment account ${id}`);
    return found;
  };
  const account = async (id: string): Promise<RailAccount> => {
    const { holderName, asset, details } = await stored(id);
    return { holderName, asset, ...details } as unknown as RailAccount;
  };
  return {
    account,
    async mandate(id) {
      const mandate = await findMandate(db, id);
      if (!mandate?.reference) throw new Error(`no accepted mandate ${id}`);
      return { reference: mandate.reference, account: await account(mandate.accountId) };
    },
    async authorization(id) {
      const mandate = await findMandate(db, id);
      return (mandate?.payerAuthorization ?? undefined) as
        TransferAuthorization | FacilitatorTokenAuthorization | undefined;
    },
    instructionOfMandate: (reference) => instructionOfMandate(db, rail, reference),
    instruction: (id) => findInstruction(db, id),
    async correctAccount(id, change) {
      const { details } = await stored(id);
      const corrected = { ...details, ...change } as { routingNumber?: string; accountNumber?: string };
      await inTransaction(db, async (trx) => {
        const identifier = `${corrected.routingNumber ?? ''}/${corrected.accountNumber ?? ''}`;
        await correctAccount(trx, id, { identifier, details: corrected });
        const detail = { fields: Object.keys(change) };
        await recordAudit(trx, { actor: `rail:${rail}`, action: 'account.corrected', subject: id, detail });
      });
    },
  };
}
