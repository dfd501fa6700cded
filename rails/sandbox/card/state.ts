/** What the processor has on record: the fold of its journal. Decides nothing. */
import type {
  Agreement,
  Authorization,
  Capture,
  Chargeback,
  Refund,
  SettlementLine,
  SignedCardEvent,
} from '../../card/wire';
import type { CardBehaviour } from './test-cards';

/** A vaulted card. Its number is nowhere: neither here nor in the journal. Amounts are minor units. */
export interface Token {
  id: string;
  brand: string;
  last4: string;
  exp_month: number;
  exp_year: number;
  behaviour: CardBehaviour;
  open: boolean;
  currency: string;
  /** What the cardholder has left to spend, holds not counted. */
  balance_minor: string;
  held_minor: string;
  created_at: string;
}

/** A 3-D Secure challenge of an agreement or an authorisation. Its id is known to nobody but who got its address. */
export interface Challenge {
  id: string;
  target: string;
  expires_at: string;
  outcome: 'succeeded' | 'failed' | null;
}

/** The first answer to an idempotency key. */
export interface StoredAnswer {
  key: string;
  fingerprint: string;
  status: number;
  body: string;
}

/** How a pending authorisation or refund will be decided. */
export interface Fate {
  id: string;
  reject: boolean;
}

/** Changes what the settlement report shows; balances and records stay true. */
export type Tamper =
  | { action: 'drop'; id: string }
  | { action: 'duplicate'; id: string }
  | { action: 'amount'; id: string; amountMinor: string }
  | { action: 'add'; line: SettlementLine };

export type Change =
  | { put: 'token'; record: Token }
  | { put: 'agreement'; record: Agreement }
  | { put: 'authorization'; record: Authorization }
  | { put: 'capture'; record: Capture }
  | { put: 'refund'; record: Refund }
  | { put: 'chargeback'; record: Chargeback }
  | { put: 'challenge'; record: Challenge }
  | { put: 'fate'; record: Fate }
  | { put: 'answer'; record: StoredAnswer }
  | { put: 'entry'; record: SettlementLine }
  | { put: 'event'; record: SignedCardEvent }
  | { put: 'delivered'; record: { id: string } }
  | { put: 'tamper'; record: Tamper }
  | { put: 'webhook'; record: { url: string | null } }
  | { put: 'opening'; record: { balance_minor: string } };

/** One line of the journal: what one request changed, all of it or nothing. */
export interface JournalLine {
  at: string;
  changes: Change[];
}

export interface State {
  tokens: Map<string, Token>;
  agreements: Map<string, Agreement>;
  authorizations: Map<string, Authorization>;
  captures: Map<string, Capture>;
  refunds: Map<string, Refund>;
  chargebacks: Map<string, Chargeback>;
  challenges: Map<string, Challenge>;
  fates: Map<string, Fate>;
  answers: Map<string, StoredAnswer>;
  /** Ids of records by the client's reference, oldest first; a chargeback goes by that of its capture. */
  byReference: Map<string, string[]>;
  /** Authorisations and chargebacks that time alone can change. */
  open: Set<string>;
  entries: SettlementLine[];
  /** The balance after each entry. */
  balances: bigint[];
  events: SignedCardEvent[];
  delivered: Set<string>;
  tampers: Map<string, Tamper>;
  addedLines: SettlementLine[];
  webhookUrl: string | null;
  openingMinor: bigint | undefined;
  lastAt: string;
}

export function createState(): State {
  return {
    tokens: new Map(),
    agreements: new Map(),
    authorizations: new Map(),
    captures: new Map(),
    refunds: new Map(),
    chargebacks: new Map(),
    challenges: new Map(),
    fates: new Map(),
    answers: new Map(),
    byReference: new Map(),
    open: new Set(),
    entries: [],
    balances: [],
    events: [],
    delivered: new Set(),
    tampers: new Map(),
    addedLines: [],
    webhookUrl: null,
    openingMinor: undefined,
    lastAt: '',
  };
}

export function balanceMinor(state: State): bigint {
  return state.balances.at(-1) ?? state.openingMinor ?? 0n;
}

export function applyChange(state: State, change: Change): void {
  switch (change.put) {
    case 'token':
      return void state.tokens.set(change.record.id, change.record);
    case 'agreement':
      return index(state, state.agreements, change.record, change.record.status === 'requires_action');
    case 'authorization':
      return index(state, state.authorizations, change.record, isOpen(change.record));
    case 'capture':
      return index(state, state.captures, change.record, false);
    case 'refund':
      return index(state, state.refunds, change.record, false);
    case 'chargeback':
      return index(state, state.chargebacks, change.record, change.record.status === 'needs_response');
    case 'challenge':
      return void state.challenges.set(change.record.id, change.record);
    case 'fate':
      return void state.fates.set(change.record.id, change.record);
    case 'answer':
      return void state.answers.set(change.record.key, change.record);
    case 'entry':
      return book(state, change.record);
    case 'event':
      return void state.events.push(change.record);
    case 'delivered':
      return void state.delivered.add(change.record.id);
    case 'tamper':
      return tamper(state, change.record);
    case 'webhook':
      state.webhookUrl = change.record.url;
      return;
    case 'opening':
      state.openingMinor = BigInt(change.record.balance_minor);
      return;
  }
}

function isOpen({ status }: Authorization): boolean {
  return status === 'authorized' || status === 'pending' || status === 'requires_action';
}

function index<T extends { id: string; reference: string }>(
  state: State,
  records: Map<string, T>,
  record: T,
  open: boolean,
): void {
  if (!records.has(record.id)) {
    const ids = state.byReference.get(record.reference);
    if (ids) ids.push(record.id);
    else state.byReference.set(record.reference, [record.id]);
  }
  records.set(record.id, record);
  if (open) state.open.add(record.id);
  else state.open.delete(record.id);
}

function book(state: State, line: SettlementLine): void {
  const movedMinor =
    (line.direction === 'credit' ? 1n : -1n) * BigInt(line.gross_minor) - BigInt(line.fee_minor);
  state.balances.push(balanceMinor(state) + movedMinor);
  state.entries.push(line);
}

function tamper(state: State, action: Tamper): void {
  if (action.action === 'add') state.addedLines.push(action.line);
  else state.tampers.set(action.id, action);
}
