/** What happens at a network, as its journal keeps it. Amounts are decimal strings of minor units. */
import type { TamperAction } from './statement-view';

export interface AccountKey {
  routingNumber: string;
  accountNumber: string;
}

export interface AccountOpened extends AccountKey {
  type: 'account_opened';
  at: string;
  holderName: string;
  asset: string;
  balanceMinor: string;
  /** The holder's bank refuses every request for payment. */
  refusesMandates: boolean;
}

export interface TransferData {
  /** End-to-end id. */
  id: string;
  uetr: string;
  messageId: string;
  messageName: string;
  debtor: AccountKey;
  creditor: AccountKey;
  asset: string;
  instructedMinor: string;
  /** The id that statements quote: for money coming back that of the transfer it undoes. */
  quotedId: string;
  reversal: boolean;
  /** The reference of the transfer that this one gives back. */
  returnsReference?: string;
}

export interface Booking {
  reference: string;
  amountMinor: string;
}

export type NetworkEvent =
  | AccountOpened
  | ({ type: 'account_closed'; at: string } & AccountKey)
  | { type: 'participant_registered'; at: string; keyId: string; publicKey: string }
  | ({
      type: 'mandate_accepted';
      at: string;
      mandateId: string;
      reference: string;
      ceilingMinor: string;
      asset: string;
      expiresAt: string;
    } & AccountKey)
  | { type: 'transfer_pending'; at: string; transfer: TransferData; thenReject: boolean }
  | { type: 'transfer_rejected'; at: string; transfer: TransferData; reason: string }
  | {
      type: 'transfer_settled';
      at: string;
      transfer: TransferData;
      businessDate: string;
      bookings: Booking[];
    }
  | { type: 'statement_tampered'; at: string; tamper: TamperAction };
