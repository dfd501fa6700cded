/** An entry at the bank, with what became of it so far, and the bank's day. */
import type { AchReturnCode } from '../../../domain/ach-returns';
import type { IsoDate } from '../../../domain/banking-calendar';
import type { BookedEntry } from '../statement-view';
import type { AcceptedEntry, ReturnedEntry } from './events';

export interface BankEntry extends AcceptedEntry {
  acceptedAt: string;
  stage: 'accepted' | 'distributed' | 'settled';
  settlements: { trace: string; amountMinor: bigint; date: IsoDate; at: string }[];
  booked: BookedEntry[];
  /** Whether the receiver's account was debited or credited. */
  posted: boolean;
  /** The return that is still to come after settlement. */
  due?: { code: AchReturnCode; on: IsoDate };
  returned?: ReturnedEntry & { at: string; date: IsoDate; fileName: string };
  changes: { code: string; trace: string; at: string; fileName: string }[];
}

export interface Day {
  date: IsoDate;
  realDate: IsoDate;
  openedAt: string;
}

/** What AURA's account gets by an entry: a debit of the receiver is a credit to AURA. */
export function signedMinor(direction: 'debit' | 'credit', amountMinor: bigint): bigint {
  return direction === 'debit' ? amountMinor : -amountMinor;
}
