/** The processor as its operations see it: records, clock, ids, events, and one journal line for each operation. */
import { randomBytes } from 'node:crypto';
import { monotonicFactory } from 'ulid';
import { canonicalJson } from '../../../domain/canonical';
import type { Signer } from '../../../domain/keys';
import type { CardEvent, CardEventType, SettlementLine } from '../../card/wire';
import type { CardMisbehaviour } from './misbehaviour';
import { applyChange, type Change, type JournalLine, type State, type Token } from './state';

export interface CardSettings {
  /** How long an authorisation holds the money; the card networks' usual 7 days. */
  authorizationTtlMs: number;
  /** How long a cardholder may take over a challenge. */
  challengeTtlMs: number;
  /** How long a chargeback can be contested. */
  respondWithinMs: number;
  /** What a new card has to spend. */
  cardFundsMinor: bigint;
  /** How late a late webhook is. */
  webhookLateMs: number;
}

export interface Processor {
  readonly state: State;
  readonly settings: CardSettings;
  readonly misbehaviour: CardMisbehaviour;
  readonly signer: Signer;
  /** Never goes back, and never before the end of a settlement report that was given out. */
  now(): string;
  /** From here on nothing is booked before this instant. */
  closeUntil(instant: string): void;
  newId(prefix: string): string;
  record(change: Change): void;
  emit(type: CardEventType, data: object): void;
  /** Runs an operation that is synchronous and checks before it changes; journals what it changed as one line. */
  transact<T>(operation: () => T): T;
  /** Where cardholders find the processor. Known once it listens. */
  publicUrl: string;
}

export interface ProcessorDeps {
  state: State;
  settings: CardSettings;
  misbehaviour: CardMisbehaviour;
  signer: Signer;
  clock: () => Date;
  append: (line: JournalLine) => void;
}

const EVENT_DIGITS = 12;

export function createProcessor(deps: ProcessorDeps): Processor {
  const { state, signer } = deps;
  const nextUlid = monotonicFactory();
  let closedUntil = '';
  let changes: Change[] = [];
  const processor: Processor = {
    ...deps,
    publicUrl: '',
    now() {
      const instants = [deps.clock().toISOString(), state.lastAt, closedUntil];
      state.lastAt = instants.reduce((a, b) => (a > b ? a : b));
      return state.lastAt;
    },
    closeUntil(instant) {
      if (instant > closedUntil) closedUntil = instant;
    },
    newId: (prefix) => `${prefix}_${nextUlid()}`,
    record(change) {
      applyChange(state, change);
      changes.push(change);
    },
    emit(type, data) {
      const event: CardEvent = {
        object: 'event',
        id: `evt_${String(state.events.length + 1).padStart(EVENT_DIGITS, '0')}`,
        type,
        created_at: processor.now(),
        data: data as CardEvent['data'],
      };
      const signature = signer.sign(canonicalJson(event));
      processor.record({ put: 'event', record: { ...event, key_id: signer.keyId, signature } });
    },
    transact(operation) {
      try {
        return operation();
      } finally {
        if (changes.length > 0) deps.append({ at: processor.now(), changes });
        changes = [];
      }
    },
  };
  return processor;
}

/** The processor answers a question with a refusal. */
export class Refusal extends Error {
  override name = 'Refusal';
  constructor(
    readonly status: 400 | 401 | 403 | 404 | 409 | 422,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export function found<T>(record: T | undefined, what: string): T {
  if (record === undefined) throw new Refusal(404, 'resource_missing', `there is no such ${what}`);
  return record;
}

export function later(instant: string, ms: number): string {
  return new Date(Date.parse(instant) + ms).toISOString();
}

/** An address that cannot be guessed. */
export function secretId(prefix: string): string {
  return `${prefix}_${randomBytes(16).toString('hex')}`;
}

/** Moves a card's money: what it has, and what is held of it. */
export function moveFunds(
  processor: Processor,
  tokenId: string,
  by: { balanceMinor?: bigint; heldMinor?: bigint },
): void {
  const token = found(processor.state.tokens.get(tokenId), 'token');
  const moved: Token = {
    ...token,
    balance_minor: (BigInt(token.balance_minor) + (by.balanceMinor ?? 0n)).toString(),
    held_minor: (BigInt(token.held_minor) + (by.heldMinor ?? 0n)).toString(),
  };
  processor.record({ put: 'token', record: moved });
}

export function bookLine(
  processor: Processor,
  line: Omit<SettlementLine, 'line' | 'fee_minor' | 'business_date' | 'booked_at'> &
    Partial<Pick<SettlementLine, 'line' | 'fee_minor'>>,
): void {
  const at = processor.now();
  const record = {
    line: '0',
    fee_minor: '0',
    ...line,
    business_date: businessDate(at),
    booked_at: at,
  };
  processor.record({ put: 'entry', record });
}

/** The processor's days are UTC days. */
export function businessDate(instant: string): string {
  return instant.slice(0, 10);
}
