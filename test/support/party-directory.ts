/** A party directory in memory. */
import type { SignedInstruction } from '../../domain/settlement';
import type { BankAccount, PartyDirectory, RailAccount, TransferAuthorization } from '../../rails/port';

interface KnownMandate {
  reference: string;
  account: RailAccount;
}

export interface InMemoryDirectory extends PartyDirectory {
  addAccount(accountRef: string, account: RailAccount): void;
  addMandate(mandateRef: string, mandate: KnownMandate): void;
  addAuthorization(mandateRef: string, authorization: TransferAuthorization): void;
  authorization(mandateRef: string): Promise<TransferAuthorization | undefined>;
  /** Instructions are stored before they are sent, so adapters may look them up. */
  addInstruction(signed: SignedInstruction): void;
  corrections(): { accountRef: string; change: Partial<BankAccount> }[];
}

export function createInMemoryDirectory(): InMemoryDirectory {
  const accounts = new Map<string, RailAccount>();
  const mandates = new Map<string, KnownMandate>();
  const authorizations = new Map<string, TransferAuthorization>();
  const instructions = new Map<string, SignedInstruction>();
  const corrections: { accountRef: string; change: Partial<BankAccount> }[] = [];
  return {
    addAccount: (ref, account) => void accounts.set(ref, account),
    addMandate: (ref, mandate) => void mandates.set(ref, mandate),
    addAuthorization: (ref, authorization) => void authorizations.set(ref, authorization),
    addInstruction: (signed) => void instructions.set(signed.instruction.instruction_id, signed),
    corrections: () => corrections,
    account: async (ref) => found(accounts.get(ref), ref),
    mandate: async (ref) => found(mandates.get(ref), ref),
    authorization: async (ref) => authorizations.get(ref),
    instruction: async (id) => instructions.get(id),
    async instructionOfMandate(reference) {
      const used = [...instructions.values()].find(
        ({ instruction: { debtor } }) =>
          debtor.mandate_ref !== undefined && mandates.get(debtor.mandate_ref)?.reference === reference,
      );
      return used?.instruction.instruction_id;
    },
    async correctAccount(accountRef, change) {
      corrections.push({ accountRef, change });
      const account = found(accounts.get(accountRef), accountRef);
      accounts.set(accountRef, { ...account, ...change });
    },
  };
}

function found<T>(value: T | undefined, ref: string): T {
  if (value === undefined) throw new Error(`nothing is known of ${ref}`);
  return value;
}
