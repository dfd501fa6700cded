/** Accounts, transfers and mandates of one network: the fold of its journal. Decides nothing. */
import type { AccountKey, AccountOpened, NetworkEvent, TransferData } from './events';
import { createStatementView, type BookedEntry, type StatementView } from './statement-view';

export interface Account extends AccountKey {
  holderName: string;
  asset: string;
  openingMinor: bigint;
  balanceMinor: bigint;
  open: boolean;
  refusesMandates: boolean;
}

export interface Transfer extends TransferData {
  status: 'pending' | 'rejected' | 'settled';
  reason?: string;
  thenReject: boolean;
  decidedAt: string;
  businessDate?: string;
  bookings: { reference: string; amountMinor: bigint }[];
  entries: BookedEntry[];
}

export interface Mandate extends AccountKey {
  mandateId: string;
  reference: string;
  ceilingMinor: bigint;
  asset: string;
  expiresAt: string;
}

export interface Books {
  readonly statement: StatementView;
  apply(event: NetworkEvent): void;
  account(key: AccountKey): Account | undefined;
  accounts(): Account[];
  transfer(id: string): Transfer | undefined;
  transferByUetr(uetr: string): Transfer | undefined;
  transferByReference(reference: string): Transfer | undefined;
  /** How much of a transfer has been given back already, minor units. */
  returnedMinor(reference: string): bigint;
  mandate(reference: string): Mandate | undefined;
  mandateById(mandateId: string): Mandate | undefined;
  participantKey(): { keyId: string; publicKey: string } | undefined;
  transfersFrom(index: number, limit: number): Transfer[];
  /** How many references were given out. */
  referenceCount(): number;
  lastEventAt(): string;
}

interface State {
  settlementAccount: AccountKey;
  statement: StatementView;
  accounts: Map<string, Account>;
  transfers: Map<string, Transfer>;
  order: Transfer[];
  byUetr: Map<string, Transfer>;
  byReference: Map<string, Transfer>;
  returned: Map<string, bigint>;
  mandates: Map<string, Mandate>;
  mandatesById: Map<string, Mandate>;
  participant: { keyId: string; publicKey: string } | undefined;
  referenceCount: number;
  lastEventAt: string;
}

export function keyOf({ routingNumber, accountNumber }: AccountKey): string {
  return `${routingNumber}/${accountNumber}`;
}

export function createBooks(settlementAccount: AccountKey): Books {
  const state: State = {
    settlementAccount,
    statement: createStatementView(),
    accounts: new Map(),
    transfers: new Map(),
    order: [],
    byUetr: new Map(),
    byReference: new Map(),
    returned: new Map(),
    mandates: new Map(),
    mandatesById: new Map(),
    participant: undefined,
    referenceCount: 0,
    lastEventAt: '',
  };
  return {
    statement: state.statement,
    apply: (event) => apply(state, event),
    account: (key) => state.accounts.get(keyOf(key)),
    accounts: () => [...state.accounts.values()],
    transfer: (id) => state.transfers.get(id),
    transferByUetr: (uetr) => state.byUetr.get(uetr),
    transferByReference: (reference) => state.byReference.get(reference),
    returnedMinor: (reference) => state.returned.get(reference) ?? 0n,
    mandate: (reference) => state.mandates.get(reference),
    mandateById: (mandateId) => state.mandatesById.get(mandateId),
    participantKey: () => state.participant,
    transfersFrom: (index, limit) => state.order.slice(index, index + limit),
    referenceCount: () => state.referenceCount,
    lastEventAt: () => state.lastEventAt,
  };
}

function apply(state: State, event: NetworkEvent): void {
  state.lastEventAt = event.at;
  switch (event.type) {
    case 'account_opened':
      return void state.accounts.set(keyOf(event), openAccount(event));
    case 'account_closed': {
      const account = state.accounts.get(keyOf(event));
      if (account) account.open = false;
      return;
    }
    case 'participant_registered':
      state.participant = { keyId: event.keyId, publicKey: event.publicKey };
      return;
    case 'mandate_accepted': {
      const mandate = { ...event, ceilingMinor: BigInt(event.ceilingMinor) };
      state.referenceCount += 1;
      state.mandates.set(event.reference, mandate);
      state.mandatesById.set(event.mandateId, mandate);
      return;
    }
    case 'transfer_pending':
    case 'transfer_rejected':
    case 'transfer_settled':
      return applyTransfer(state, event);
    case 'statement_tampered':
      return state.statement.tamper(event.tamper);
  }
}

function openAccount(event: AccountOpened): Account {
  const { routingNumber, accountNumber, holderName, asset, refusesMandates } = event;
  const openingMinor = BigInt(event.balanceMinor);
  return {
    routingNumber,
    accountNumber,
    holderName,
    asset,
    openingMinor,
    balanceMinor: openingMinor,
    open: true,
    refusesMandates,
  };
}

type TransferEvent = Extract<NetworkEvent, { transfer: TransferData }>;

function applyTransfer(state: State, event: TransferEvent): void {
  const known = state.transfers.get(event.transfer.id);
  const transfer: Transfer = known ?? {
    ...event.transfer,
    status: 'pending',
    thenReject: false,
    decidedAt: event.at,
    bookings: [],
    entries: [],
  };
  if (!known) {
    state.transfers.set(transfer.id, transfer);
    state.order.push(transfer);
    state.byUetr.set(transfer.uetr, transfer);
  }
  transfer.decidedAt = event.at;
  if (event.type === 'transfer_pending') {
    transfer.thenReject = event.thenReject;
  } else if (event.type === 'transfer_rejected') {
    transfer.status = 'rejected';
    transfer.reason = event.reason;
  } else {
    transfer.status = 'settled';
    transfer.businessDate = event.businessDate;
    for (const { reference, amountMinor } of event.bookings)
      book(state, transfer, reference, BigInt(amountMinor));
  }
}

function book(state: State, transfer: Transfer, reference: string, amountMinor: bigint): void {
  state.referenceCount += 1;
  transfer.bookings.push({ reference, amountMinor });
  state.byReference.set(reference, transfer);
  if (transfer.returnsReference && state.byReference.has(transfer.returnsReference)) {
    const before = state.returned.get(transfer.returnsReference) ?? 0n;
    state.returned.set(transfer.returnsReference, before + amountMinor);
  }
  post(state, transfer, transfer.debtor, reference, -amountMinor);
  post(state, transfer, transfer.creditor, reference, amountMinor);
}

function post(
  state: State,
  transfer: Transfer,
  key: AccountKey,
  reference: string,
  changeMinor: bigint,
): void {
  const account = state.accounts.get(keyOf(key));
  if (!account) throw new Error(`the journal books on ${keyOf(key)}, which was never opened`);
  account.balanceMinor += changeMinor;
  if (keyOf(key) !== keyOf(state.settlementAccount)) return;
  const entry: BookedEntry = {
    reference,
    direction: changeMinor > 0n ? 'credit' : 'debit',
    amountMinor: changeMinor > 0n ? changeMinor : -changeMinor,
    balanceAfterMinor: account.balanceMinor,
    asset: transfer.asset,
    bookedAt: transfer.decidedAt,
    businessDate: transfer.businessDate ?? transfer.decidedAt.slice(0, 10),
    quotedId: transfer.quotedId,
    uetr: transfer.uetr,
    reversal: transfer.reversal,
    messageName: transfer.messageName,
  };
  transfer.entries.push(entry);
  state.statement.book(entry);
}
