/** AURA at its originating bank: who it is in the files, and when the bank's day ends. */
import type { BankAccount } from '../port';

export interface AchProfile {
  /** The `network` of proofs and statement lines. */
  network: string;
  /** Routing number of the originating bank, with its check digit. */
  bankRouting: string;
  bankName: string;
  /** What AURA sends files as, in the form of a routing number. */
  originRouting: string;
  originName: string;
  companyName: string;
  companyId: string;
  entryDescription: string;
  /** Minutes after New York's midnight until when a file counts to the day. */
  cutOffMinutes: number;
  settlementAccount: BankAccount;
}

const CUT_OFF_HOUR = 17;

/** The sandbox's bank; routing numbers that begin with 99 belong to nobody. */
export const ACH_PROFILE: AchProfile = {
  network: 'FEDACH',
  bankRouting: '990000107',
  bankName: 'SANDBOX ORIGINATING BNK',
  originRouting: '990000123',
  originName: 'AURA CLEARINGHOUSE',
  companyName: 'AURA CLEARINGHSE',
  companyId: '1990000123',
  entryDescription: 'AURA',
  cutOffMinutes: CUT_OFF_HOUR * 60,
  settlementAccount: {
    holderName: 'AURA Clearinghouse',
    routingNumber: '990000107',
    accountNumber: '3000000003',
    accountType: 'checking',
    business: true,
    asset: 'USD',
  },
};

/** The eight digits that a bank has in batches, entries and trace numbers. */
export function bankOf(routingNumber: string): string {
  return routingNumber.slice(0, 8);
}
