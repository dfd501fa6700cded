/**
 * How the sandbox networks go wrong, on purpose. An amount ending in `66.NN` (minor units modulo 10,000 = 66NN) asks
 * for the behaviour NN below; the operator surface asks for the same by name, for a count of messages or at a rate.
 */
import { seededRandom } from './random';
export const REJECTIONS = ['AC03', 'AC04', 'AC06', 'AG01', 'AM02', 'AM04', 'AM05', 'FRAD', 'AB05'] as const;
type Rejection = `reject_${(typeof REJECTIONS)[number]}`;

export type MisbehaviourKind =
  | Rejection
  /** Answers late, but correctly. */
  | 'slow'
  /** Books the transfer and never answers. */
  | 'execute_then_time_out'
  /** Neither books nor answers. */
  | 'time_out'
  /** Books the transfer and cuts the connection. */
  | 'execute_then_disconnect'
  /** Books the transfer and answers 500. */
  | 'execute_then_fail'
  /** Answers 500 and books nothing. */
  | 'fail'
  /** Books the transfer and answers with something that is no message. */
  | 'garbage'
  /** Books the transfer and signs the answer wrongly. */
  | 'bad_signature'
  /** Settles another amount and says so. */
  | 'wrong_amount'
  /** Books the transfer twice. */
  | 'duplicate'
  /** Accepts (ACSP) and settles when it is asked. */
  | 'pending'
  /** Accepts (ACSP) and rejects when it is asked. */
  | 'pending_then_rejected'
  /** Settles, but leaves the notification out of the answer. */
  | 'no_notification'
  /** Settles correctly, but the statement lacks the line, shows another amount, or shows it twice. */
  | 'line_missing'
  | 'line_amount'
  | 'line_duplicate'
  /** The payer's bank refuses the request for payment. */
  | 'refuse_mandate'
  /** The receiver refuses to give the money back. */
  | 'refuse_return';

/** Minor units modulo 10,000 → behaviour, as far as all banks and processors of the sandbox have it in common. */
export const COMMON_MAGIC_AMOUNTS = {
  6601: 'reject_AC04',
  6602: 'reject_AM04',
  6603: 'reject_AG01',
  6604: 'reject_FRAD',
  6605: 'reject_AC06',
  6606: 'reject_AC03',
  6607: 'reject_AM02',
  6608: 'reject_AM05',
  6609: 'reject_AB05',
  6611: 'slow',
  6612: 'execute_then_time_out',
  6613: 'time_out',
  6614: 'duplicate',
  6615: 'wrong_amount',
  6616: 'bad_signature',
  6617: 'pending',
  6618: 'pending_then_rejected',
  6619: 'execute_then_disconnect',
  6620: 'garbage',
  6621: 'execute_then_fail',
  6622: 'fail',
  6623: 'refuse_mandate',
  6626: 'line_missing',
  6627: 'line_amount',
  6628: 'line_duplicate',
} as const satisfies Readonly<Record<number, MisbehaviourKind>>;

export const MAGIC_AMOUNTS: Readonly<Record<number, MisbehaviourKind>> = {
  ...COMMON_MAGIC_AMOUNTS,
  6624: 'refuse_return',
  6625: 'no_notification',
};

export const MISBEHAVIOUR_KINDS: readonly MisbehaviourKind[] = [...new Set(Object.values(MAGIC_AMOUNTS))];

/** The kinds of questions that a rule can apply to. */
export const OCCASIONS = ['transfer', 'inquiry', 'return_request', 'mandate', 'statement'] as const;
export type Occasion = (typeof OCCASIONS)[number];

export interface MisbehaviourRule {
  kind: MisbehaviourKind;
  on: Occasion;
  /** The next so many messages; endless when absent. */
  nextCount?: number;
  /** Chance in basis points of each message; always when absent. */
  rateBps?: number;
  matching?: { endToEndId?: string; accountNumber?: string; amountMinor?: string };
}

export interface Subject {
  occasion: Occasion;
  endToEndId?: string;
  accountNumbers?: readonly string[];
  amountMinor?: bigint;
}

export interface Misbehaviour {
  add(rule: MisbehaviourRule): void;
  clear(): void;
  rules(): readonly MisbehaviourRule[];
  /** Restarts the random numbers, so that a run can be repeated. */
  seed(seed: number): void;
  choose(subject: Subject): MisbehaviourKind | undefined;
}

const MAX_RULES = 1_000;
const BPS = 10_000;

export function createMisbehaviour(initialSeed: number): Misbehaviour {
  let rules: MisbehaviourRule[] = [];
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
      const rule = rules.find((candidate) => applies(candidate, subject) && hits(candidate, random));
      if (!rule) return magicOf(subject);
      if (rule.nextCount !== undefined) rule.nextCount -= 1;
      rules = rules.filter((candidate) => candidate.nextCount !== 0);
      return rule.kind;
    },
  };
}

/** Whether the network goes silent or fails before it has done anything. */
export function preventsBooking(kind: MisbehaviourKind | undefined): boolean {
  return kind === 'time_out' || kind === 'fail';
}

function applies({ on, matching }: MisbehaviourRule, subject: Subject): boolean {
  if (on !== subject.occasion) return false;
  const { endToEndId, accountNumber, amountMinor } = matching ?? {};
  if (endToEndId !== undefined && endToEndId !== subject.endToEndId) return false;
  if (accountNumber !== undefined && !subject.accountNumbers?.includes(accountNumber)) return false;
  return amountMinor === undefined || subject.amountMinor === BigInt(amountMinor);
}

function hits({ rateBps }: MisbehaviourRule, random: () => number): boolean {
  return rateBps === undefined || random() < rateBps / BPS;
}

/** Inquiries and statements answer right whatever the amount: the magic is in the transfer, not in asking about it. */
function magicOf({ occasion, amountMinor }: Subject): MisbehaviourKind | undefined {
  if (amountMinor === undefined || occasion === 'inquiry' || occasion === 'statement') return undefined;
  const kind = MAGIC_AMOUNTS[Number(amountMinor % 10_000n)];
  if (occasion === 'mandate') return kind === 'refuse_mandate' ? kind : undefined;
  if (occasion === 'return_request') return kind === 'refuse_return' ? kind : undefined;
  return kind;
}
