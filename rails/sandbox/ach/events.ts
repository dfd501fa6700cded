/** What happens at the bank, as its journal keeps it. Amounts are decimal strings of minor units. */
import type { AchChangeCode, AchReturnCode } from '../../../domain/ach-returns';
import type { IsoDate } from '../../../domain/banking-calendar';
import type { TamperAction } from '../statement-view';

export interface AccountKey {
  routingNumber: string;
  accountNumber: string;
}

export interface AccountDetails extends AccountKey {
  holderName: string;
  accountType: 'checking' | 'savings';
}

/** How an entry is to go wrong, decided when it is accepted. */
export interface Fate {
  /** The receiving bank returns it before it settles. */
  returnBefore?: AchReturnCode;
  /** The receiving bank returns it after it settled, so many banking or calendar days later. */
  returnAfter?: { code: AchReturnCode; bankingDays?: number; calendarDays?: number };
  /** The receiving bank tells of a change along with the settlement. */
  change?: AchChangeCode;
  /** It settles for another amount, or twice. */
  settlesMinor?: string;
  twice?: boolean;
  tamper?: 'drop' | 'duplicate' | 'amount';
  /** Its record lacks the entries of the statement. */
  silent?: boolean;
}

export interface AcceptedEntry {
  instructionId: string;
  /** The trace number that the bank gave it. */
  trace: string;
  batchReference: string;
  fileName: string;
  entryClass: 'PPD' | 'CCD';
  /** As in the file: a debit brings money to AURA. */
  direction: 'debit' | 'credit';
  account: AccountKey;
  accountType: 'checking' | 'savings';
  receiverName: string;
  individualId: string;
  amountMinor: string;
  receivedOn: IsoDate;
  settlesOn: IsoDate;
  returnsReference?: string;
  fate: Fate;
}

export interface RefusedEntry {
  instructionId: string;
  reason: string;
  detail: string;
}

export interface SettledPart {
  trace: string;
  amountMinor: string;
  /** The trace number of a second booking. */
  again?: string;
}

export interface ReturnedEntry {
  /** Of the entry that is returned. */
  trace: string;
  returnTrace: string;
  code: AchReturnCode;
  beforeSettlement: boolean;
  lines: string[];
}

export interface InboundFile {
  name: string;
  kind: 'return' | 'change' | 'settlement';
  content: string;
}

export type BankEvent =
  | ({
      type: 'account_opened';
      at: string;
      asset: string;
      balanceMinor: string;
      business: boolean;
      /** The holder refuses every authorization. */
      refusesMandates: boolean;
    } & AccountDetails)
  | ({ type: 'account_closed'; at: string } & AccountKey)
  | { type: 'account_changed'; at: string; account: AccountKey; change: Partial<AccountDetails> }
  | { type: 'participant_registered'; at: string; keyId: string; publicKey: string }
  | {
      type: 'authorization_recorded';
      at: string;
      mandateId: string;
      reference: string;
      account: AccountKey;
      ceilingMinor: string;
      asset: string;
      expiresAt: string;
    }
  | {
      type: 'file_received';
      at: string;
      businessDate: IsoDate;
      name: string;
      sha256: string;
      rejected?: { reason: string; detail: string };
      accepted: AcceptedEntry[];
      refused: RefusedEntry[];
      known: string[];
    }
  /** `realDate` is New York's banking day that it stands for: the operator can move the bank's ahead of it. */
  | { type: 'day_opened'; at: string; date: IsoDate; realDate: IsoDate }
  /** The receiving banks have the entries and hold the funds of debits. */
  | { type: 'entries_distributed'; at: string; traces: string[] }
  | {
      type: 'batch_settled';
      at: string;
      date: IsoDate;
      reference: string;
      /** Whether the statement shows one line for all. */
      oneLine: boolean;
      parts: SettledPart[];
    }
  | { type: 'returns_published'; at: string; date: IsoDate; file: InboundFile; returns: ReturnedEntry[] }
  | {
      type: 'changes_published';
      at: string;
      file: InboundFile;
      changes: { trace: string; changeTrace: string; code: AchChangeCode }[];
    }
  | { type: 'settlements_published'; at: string; date: IsoDate; file: InboundFile }
  | { type: 'statement_tampered'; at: string; tamper: TamperAction };
