/**
 * How the card processor goes wrong, on purpose. An amount ending in `66.NN` (minor units modulo 10,000 = 66NN) asks
 * for the behaviour NN below; the operator surface asks for the same by name, for a count of requests or at a rate.
 * Where the instant networks have the same behaviour, it has the same number and name.
 */
import { COMMON_MAGIC_AMOUNTS } from '../misbehaviour';
import { seededRandom } from '../random';

/** What the issuer says for each decline. The first nine stand where the instant networks have their reason codes. */
export const DECLINES = {
  reject_AC04: 'invalid_account',
  reject_AM04: 'insufficient_funds',
  reject_AG01: 'transaction_not_allowed',
  reject_FRAD: 'fraudulent',
  reject_AC06: 'lost_card',
  reject_AC03: 'incorrect_number',
  reject_AM02: 'card_velocity_exceeded',
  reject_AM05: 'duplicate_transaction',
  reject_AB05: 'issuer_not_available',
  do_not_honor: 'do_not_honor',
  stolen_card: 'stolen_card',
  expired_card: 'expired_card',
  card_declined: 'card_declined',
} as const;
type Decline = keyof typeof DECLINES;

export type CardMisbehaviourKind =
  | Decline
  /** Answers late, but correctly. */
  | 'slow'
  /** Carries it out and never answers. */
  | 'execute_then_time_out'
  /** Neither carries it out nor answers. */
  | 'time_out'
  /** Carries it out and cuts the connection. */
  | 'execute_then_disconnect'
  /** Carries it out and answers 500. */
  | 'execute_then_fail'
  /** Answers 500 and does nothing. */
  | 'fail'
  /** Carries it out and answers with something that is no JSON. */
  | 'garbage'
  /** Carries it out and signs the answer wrongly. */
  | 'bad_signature'
  /** Captures or refunds 1.00 less than asked for. */
  | 'wrong_amount'
  /** Captures half of what was asked for. */
  | 'partial_capture'
  /** Captures or refunds twice. */
  | 'duplicate'
  /** Leaves it to the issuer, who agrees when asked. */
  | 'pending'
  /** Leaves it to the issuer, who declines when asked. */
  | 'pending_then_rejected'
  /** Asks the cardholder for 3-D Secure. */
  | 'challenge'
  /** The settlement report lacks the line, shows another amount, or shows it twice. */
  | 'line_missing'
  | 'line_amount'
  | 'line_duplicate'
  /** The issuer refuses the agreement. */
  | 'refuse_mandate'
  /** The processor refuses the refund. */
  | 'refuse_return'
  /** The cardholder takes the money back right after the capture. */
  | 'chargeback'
  /** The webhook of it never comes, comes twice, late, or after the next one. */
  | 'webhook_lost'
  | 'webhook_twice'
  | 'webhook_late'
  | 'webhook_out_of_order';

/** Minor units modulo 10,000 → behaviour. */
export const CARD_MAGIC_AMOUNTS: Readonly<Record<number, CardMisbehaviourKind>> = {
  ...COMMON_MAGIC_AMOUNTS,
  6624: 'refuse_return',
  6631: 'do_not_honor',
  6632: 'stolen_card',
  6633: 'expired_card',
  6634: 'card_declined',
  6641: 'challenge',
  6642: 'partial_capture',
  6643: 'chargeback',
  6651: 'webhook_lost',
  6652: 'webhook_twice',
  6653: 'webhook_late',
  6654: 'webhook_out_of_order',
};

export const CARD_MISBEHAVIOUR_KINDS = Object.values(CARD_MAGIC_AMOUNTS);

/** What a rule can apply to. `transfer` is an authorisation, capture or refund, whichever the kind belongs to. */
export const CARD_OCCASIONS = [
  'transfer',
  'authorization',
  'capture',
  'void',
  'refund',
  'mandate',
  'inquiry',
  'statement',
  'events',
  'representment',
  'webhook',
] as const;
export type CardOccasion = (typeof CARD_OCCASIONS)[number];

export interface CardRule {
  kind: CardMisbehaviourKind;
  on: CardOccasion;
  /** The next so many; endless when absent. */
  nextCount?: number;
  /** Chance in basis points of each; always when absent. */
  rateBps?: number;
  matching?: { reference?: string; amountMinor?: string };
}

export interface CardSubject {
  occasion: Exclude<CardOccasion, 'transfer'>;
  reference?: string;
  amountMinor?: bigint;
}

export interface CardMisbehaviour {
  add(rule: CardRule): void;
  clear(): void;
  rules(): readonly CardRule[];
  /** Restarts the random numbers, so that a run can be repeated. */
  seed(seed: number): void;
  choose(subject: CardSubject): CardMisbehaviourKind | undefined;
}

/** Decided when the issuer is asked; everything else happens to the capture, which moves the money. */
const AUTHORIZATION_KINDS: ReadonlySet<CardMisbehaviourKind> = new Set([
  ...(Object.keys(DECLINES) as Decline[]),
  'time_out',
  'fail',
  'pending',
  'pending_then_rejected',
  'challenge',
]);
const WEBHOOK_KINDS: ReadonlySet<CardMisbehaviourKind> = new Set([
  'webhook_lost',
  'webhook_twice',
  'webhook_late',
  'webhook_out_of_order',
]);
const MAX_RULES = 1_000;
const BPS = 10_000;

export function createCardMisbehaviour(initialSeed: number): CardMisbehaviour {
  let rules: CardRule[] = [];
  let random = seededRandom(initialSeed);
  return {
    add(rule) {
      if (rules.length >= MAX_RULES) throw new RangeError('too many rules');
      rules.push({ ...rule });
    },
    clear() {
      rules = [];
    },
    rules: () => rules,
    seed(seed) {
      random = seededRandom(seed);
    },
    choose(subject) {
      const rule = rules.find(
        (candidate) =>
          applies(candidate, subject) &&
          (candidate.rateBps === undefined || random() < candidate.rateBps / BPS),
      );
      if (!rule) return magicOf(subject);
      if (rule.nextCount !== undefined) rule.nextCount -= 1;
      rules = rules.filter((candidate) => candidate.nextCount !== 0);
      return rule.kind;
    },
  };
}

export function declineOf(kind: CardMisbehaviourKind | undefined): string | undefined {
  return kind && Object.hasOwn(DECLINES, kind) ? DECLINES[kind as Decline] : undefined;
}

function applies({ on, kind, matching }: CardRule, subject: CardSubject): boolean {
  if (on === 'transfer' ? !belongs(kind, subject.occasion) : on !== subject.occasion) return false;
  const { reference, amountMinor } = matching ?? {};
  if (reference !== undefined && reference !== subject.reference) return false;
  return amountMinor === undefined || subject.amountMinor === BigInt(amountMinor);
}

/** The step of a transfer that a kind belongs to. */
function belongs(kind: CardMisbehaviourKind, occasion: CardOccasion): boolean {
  if (WEBHOOK_KINDS.has(kind)) return occasion === 'webhook';
  if (kind === 'refuse_mandate') return occasion === 'mandate';
  if (kind === 'refuse_return' || occasion === 'refund') return occasion === 'refund';
  return occasion === (AUTHORIZATION_KINDS.has(kind) ? 'authorization' : 'capture');
}

/** Questions are answered right whatever the amount: the magic is in the transfer, not in asking about it. */
function magicOf({ occasion, amountMinor }: CardSubject): CardMisbehaviourKind | undefined {
  if (amountMinor === undefined) return undefined;
  const kind = CARD_MAGIC_AMOUNTS[Number(amountMinor % 10_000n)];
  return kind && belongs(kind, occasion) ? kind : undefined;
}
