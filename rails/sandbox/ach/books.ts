/** Accounts, files, entries and authorizations of the bank: the fold of its journal. Decides nothing. */
import { addBankingDays, addDays, bankingDayFrom, type IsoDate } from '../../../domain/banking-calendar';
import { createStatementView, type BookedEntry, type StatementView } from '../statement-view';
import { createAccounts, type Account, type Accounts } from './accounts';
import { signedMinor, type BankEntry, type Day } from './entry';
import type { AccountKey, BankEvent, RefusedEntry, ReturnedEntry } from './events';

type Received = BankEvent & { type: 'file_received' };
type Authorization = BankEvent & { type: 'authorization_recorded' };
type Listed = {
  name: string;
  kind: 'return' | 'change' | 'settlement';
  content: string;
  publishedAt: string;
};

export interface Books {
  readonly accounts: Accounts;
  readonly statement: StatementView;
  apply(event: BankEvent): void;
  settlementAccount(): Account;
  today(): Day | undefined;
  file(name: string): Received | undefined;
  entry(instructionId: string): BankEntry | undefined;
  entryByTrace(trace: string): BankEntry | undefined;
  refused(instructionId: string): (RefusedEntry & { at: string }) | undefined;
  /** Entries that are not settled or returned yet, or have a return to come, in order of acceptance. */
  open(): BankEntry[];
  entriesFrom(offset: number, limit: number): BankEntry[];
  batch(reference: string): BankEntry[];
  settledOn(date: IsoDate): BankEntry[];
  /** Whether the settlements of a day were put out. */
  hasSettlements(date: IsoDate): boolean;
  /** How much of what came under a reference has gone back or is on its way, minor units. */
  givenBackMinor(reference: string): bigint;
  authorization(reference: string): Authorization | undefined;
  authorizationById(mandateId: string): Authorization | undefined;
  inboundAfter(name: string | null, limit: number): Listed[];
  inbound(name: string): Listed | undefined;
  participantKey(): { keyId: string; publicKey: string } | undefined;
  counts(): { entries: number; files: number; inbound: number; returns: number; authorizations: number };
}

export function createBooks(ours: AccountKey): Books {
  const state = createState(ours);
  return {
    accounts: state.accounts,
    statement: state.statement,
    apply: (event) => apply(state, event),
    settlementAccount: () => ownAccount(state),
    today: () => state.today,
    file: (name) => state.files.get(name),
    entry: (id) => state.entries.get(id),
    entryByTrace: (trace) => state.byTrace.get(trace),
    refused: (id) => state.refused.get(id),
    open: () => [...state.open.values()],
    entriesFrom: (offset, limit) => [...state.entries.values()].slice(offset, offset + limit),
    batch: (reference) => state.batches.get(reference) ?? [],
    settledOn: (date) => state.settledOn.get(date) ?? [],
    hasSettlements: (date) => state.reported.has(date),
    givenBackMinor: (reference) =>
      (state.givingBack.get(reference) ?? [])
        .filter(({ returned }) => !returned)
        .reduce((sum, { amountMinor }) => sum + BigInt(amountMinor), 0n),
    authorization: (reference) => state.authorizations.get(reference),
    authorizationById: (id) => state.authorizationsById.get(id),
    inboundAfter(name, limit) {
      const from = name === null ? 0 : state.inbound.findIndex((file) => file.name > name);
      return from < 0 ? [] : state.inbound.slice(from, from + limit);
    },
    inbound: (name) => state.inbound.find((file) => file.name === name),
    participantKey: () => state.participant,
    counts: () => ({
      entries: state.byTrace.size,
      files: state.files.size,
      inbound: state.inbound.length,
      returns: state.returns,
      authorizations: state.authorizations.size,
    }),
  };
}

function createState(ours: AccountKey) {
  return {
    ours,
    accounts: createAccounts(),
    statement: createStatementView(),
    today: undefined as Day | undefined,
    files: new Map<string, Received>(),
    entries: new Map<string, BankEntry>(),
    byTrace: new Map<string, BankEntry>(),
    refused: new Map<string, RefusedEntry & { at: string }>(),
    open: new Map<string, BankEntry>(),
    batches: new Map<string, BankEntry[]>(),
    settledOn: new Map<IsoDate, BankEntry[]>(),
    givingBack: new Map<string, BankEntry[]>(),
    reported: new Set<IsoDate>(),
    authorizations: new Map<string, Authorization>(),
    authorizationsById: new Map<string, Authorization>(),
    inbound: [] as Listed[],
    participant: undefined as { keyId: string; publicKey: string } | undefined,
    /** Returns and changes so far. */
    returns: 0,
  };
}

type State = ReturnType<typeof createState>;

function ownAccount({ accounts, ours }: State): Account {
  const account = accounts.find(ours);
  if (!account) throw new Error('the settlement account was never opened');
  return account;
}

function found(state: State, trace: string): BankEntry {
  const entry = state.byTrace.get(trace);
  if (!entry) throw new Error(`no entry ${trace}`);
  return entry;
}

function apply(state: State, event: BankEvent): void {
  switch (event.type) {
    case 'account_opened':
      return state.accounts.open(event);
    case 'account_closed': {
      const account = state.accounts.find(event);
      if (account) account.open = false;
      return;
    }
    case 'account_changed':
      return state.accounts.change(event.account, event.change);
    case 'participant_registered':
      state.participant = { keyId: event.keyId, publicKey: event.publicKey };
      return;
    case 'authorization_recorded':
      state.authorizations.set(event.reference, event);
      state.authorizationsById.set(event.mandateId, event);
      return;
    case 'file_received':
      return receive(state, event);
    case 'day_opened':
      state.today = { date: event.date, realDate: event.realDate, openedAt: event.at };
      return;
    case 'entries_distributed':
      for (const trace of event.traces) distribute(state, found(state, trace));
      return;
    case 'batch_settled':
      return settle(state, event);
    case 'returns_published':
      for (const returned of event.returns) giveBack(state, event, returned);
      return list(state, event);
    case 'changes_published':
      for (const { trace, changeTrace, code } of event.changes) {
        const { at, file } = event;
        found(state, trace).changes.push({ code, trace: changeTrace, at, fileName: file.name });
        state.returns += 1;
      }
      return list(state, event);
    case 'settlements_published':
      state.reported.add(event.date);
      return list(state, event);
    case 'statement_tampered':
      return state.statement.tamper(event.tamper);
  }
}

function list(state: State, { at, file }: { at: string; file: Omit<Listed, 'publishedAt'> }): void {
  state.inbound.push({ ...file, publishedAt: at });
}

function receive(state: State, event: Received): void {
  state.files.set(event.name, event);
  for (const refused of event.refused) state.refused.set(refused.instructionId, { ...refused, at: event.at });
  for (const accepted of event.accepted) {
    const entry: BankEntry = {
      ...accepted,
      acceptedAt: event.at,
      stage: 'accepted',
      settlements: [],
      booked: [],
      posted: false,
      changes: [],
    };
    state.entries.set(entry.instructionId, entry);
    state.byTrace.set(entry.trace, entry);
    state.open.set(entry.trace, entry);
    addTo(state.batches, entry.batchReference, entry);
    if (entry.returnsReference) addTo(state.givingBack, entry.returnsReference, entry);
  }
}

function addTo(index: Map<string, BankEntry[]>, key: string, entry: BankEntry): void {
  const known = index.get(key);
  if (known) known.push(entry);
  else index.set(key, [entry]);
}

function distribute(state: State, entry: BankEntry): void {
  entry.stage = 'distributed';
  const account = state.accounts.find(entry.account);
  if (account && entry.direction === 'debit') account.heldMinor += BigInt(entry.amountMinor);
}

function settle(state: State, event: BankEvent & { type: 'batch_settled' }): void {
  let totalMinor = 0n;
  for (const part of event.parts) {
    const entry = found(state, part.trace);
    const amounts = [part.trace, ...(part.again ? [part.again] : [])].map((trace) => ({
      trace,
      amountMinor: BigInt(part.amountMinor),
    }));
    for (const { trace, amountMinor } of amounts) {
      entry.settlements.push({ trace, amountMinor, date: event.date, at: event.at });
      const movedMinor = signedMinor(entry.direction, amountMinor);
      totalMinor += movedMinor;
      if (!event.oneLine) entry.booked.push(book(state, event, trace, movedMinor, entry.instructionId));
    }
    post(state, entry, event.date);
  }
  if (event.oneLine) book(state, event, event.reference, totalMinor, null);
}

/** Books one line of AURA's statement. */
function book(
  state: State,
  { at, date }: { at: string; date: IsoDate },
  reference: string,
  movedMinor: bigint,
  quotedId: string | null,
): BookedEntry {
  const ours = ownAccount(state);
  ours.balanceMinor += movedMinor;
  const booked: BookedEntry = {
    reference,
    direction: movedMinor < 0n ? 'debit' : 'credit',
    amountMinor: movedMinor < 0n ? -movedMinor : movedMinor,
    balanceAfterMinor: ours.balanceMinor,
    asset: ours.asset,
    bookedAt: at,
    businessDate: date,
    quotedId,
    uetr: null,
    reversal: false,
    messageName: 'nacha',
  };
  state.statement.book(booked);
  return booked;
}

/** The receiving bank posts to its customer's account; where that closed meanwhile, it returns the entry. */
function post(state: State, entry: BankEntry, date: IsoDate): void {
  entry.stage = 'settled';
  addTo(state.settledOn, date, entry);
  const account = state.accounts.find(entry.account);
  if (account && entry.direction === 'debit') account.heldMinor -= BigInt(entry.amountMinor);
  const settledMinor = entry.settlements.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
  if (account?.open) {
    account.balanceMinor -= signedMinor(entry.direction, settledMinor);
    entry.posted = true;
  } else entry.due = { code: 'R02', on: addBankingDays(date, 1) };
  const { returnAfter: after } = entry.fate;
  if (after) {
    const on =
      after.calendarDays === undefined
        ? addBankingDays(date, after.bankingDays ?? 1)
        : bankingDayFrom(addDays(date, after.calendarDays));
    entry.due = { code: after.code, on };
  }
  if (!entry.due) state.open.delete(entry.trace);
}

function giveBack(
  state: State,
  { at, date, file }: BankEvent & { type: 'returns_published' },
  returned: ReturnedEntry,
): void {
  const entry = found(state, returned.trace);
  const account = state.accounts.find(entry.account);
  if (entry.stage === 'distributed' && account && entry.direction === 'debit')
    account.heldMinor -= BigInt(entry.amountMinor);
  entry.returned = { ...returned, at, date, fileName: file.name };
  entry.due = undefined;
  state.open.delete(entry.trace);
  state.returns += 1;
  if (returned.beforeSettlement) return;
  const amountMinor = entry.settlements[0]?.amountMinor ?? 0n;
  const movedMinor = -signedMinor(entry.direction, amountMinor);
  book(state, { at, date }, returned.returnTrace, movedMinor, entry.instructionId);
  if (entry.posted && account) account.balanceMinor -= movedMinor;
}
