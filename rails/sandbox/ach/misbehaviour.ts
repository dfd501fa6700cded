/**
 * How the bank and the receiving banks go wrong, on purpose. An amount ending in `66.NN` (minor units modulo 10,000 =
 * 66NN) asks for it: 01–28 as at the instant networks where it makes sense here, 6630 + N returns with R0N a banking
 * day after settlement, 6680 + N tells of the change C0N. The operator asks for the same by name.
 */
import { ACH_CHANGE_CODES, ACH_RETURN_CODES, type AchReturnCode } from '../../../domain/ach-returns';
import { COMMON_MAGIC_AMOUNTS } from '../misbehaviour';
import { seededRandom } from '../random';

/** What becomes of the answer to a file, an inquiry or a request for an authorization. */
export const ANSWER_KINDS = [
  'slow',
  'execute_then_time_out',
  'time_out',
  'bad_signature',
  'execute_then_disconnect',
  'garbage',
  'execute_then_fail',
  'fail',
] as const;
export type AnswerKind = (typeof ANSWER_KINDS)[number];

/** What becomes of an entry besides returns and changes. */
const ENTRY_KINDS = [
  'duplicate',
  'wrong_amount',
  /** Settles a banking day later than it should. */
  'pending',
  /** The same, but the receiving bank returns it then. */
  'pending_then_rejected',
  'no_notification',
  'line_missing',
  'line_amount',
  'line_duplicate',
  'refuse_mandate',
  /** The bank refuses the file that it is in. */
  'reject_file',
] as const;

/** The instant networks' reasons, as the return code that the receiving bank gives before settlement. */
export const REJECTIONS: Readonly<Record<string, AchReturnCode>> = {
  reject_AC04: 'R02',
  reject_AM04: 'R01',
  reject_AG01: 'R20',
  reject_FRAD: 'R17',
  reject_AC06: 'R16',
  reject_AC03: 'R03',
  reject_AM02: 'R19',
  reject_AM05: 'R24',
  reject_AB05: 'R32',
};

export type AchMisbehaviour = string;

export const ACH_MISBEHAVIOURS: readonly AchMisbehaviour[] = [
  ...ANSWER_KINDS,
  ...ENTRY_KINDS,
  ...Object.keys(REJECTIONS),
  ...ACH_RETURN_CODES.map((code) => `return_${code}`),
  ...ACH_CHANGE_CODES.map((code) => `change_${code}`),
];

const RETURNS_FROM = 6_630;
const CHANGES_FROM = 6_680;
const numbered = (from: number, prefix: string, codes: readonly string[]) =>
  Object.fromEntries(codes.map((code) => [from + Number(code.slice(1)), `${prefix}${code}`]));

/** Minor units modulo 10,000 → behaviour. */
export const ACH_MAGIC_AMOUNTS: Readonly<Record<number, AchMisbehaviour>> = {
  ...COMMON_MAGIC_AMOUNTS,
  6625: 'no_notification',
  6629: 'reject_file',
  ...numbered(RETURNS_FROM, 'return_', ACH_RETURN_CODES),
  ...numbered(CHANGES_FROM, 'change_', ACH_CHANGE_CODES),
};

export const ACH_OCCASIONS = ['transfer', 'inquiry', 'mandate'] as const;
export type AchOccasion = (typeof ACH_OCCASIONS)[number];

export interface AchRule {
  kind: AchMisbehaviour;
  on: AchOccasion;
  /** The next so many; endless when absent. */
  nextCount?: number;
  /** Chance in basis points of each; always when absent. */
  rateBps?: number;
  /** For returns: how long after settlement; one banking day when absent. */
  afterBankingDays?: number;
  afterCalendarDays?: number;
  matching?: { instructionId?: string; accountNumber?: string; amountMinor?: string };
}

export interface AchSubject {
  occasion: AchOccasion;
  instructionId?: string;
  accountNumber?: string;
  amountMinor?: bigint;
}

export interface Misbehaviours {
  add(rule: AchRule): void;
  clear(): void;
  rules(): readonly AchRule[];
  /** Restarts the random numbers, so that a run can be repeated. */
  seed(seed: number): void;
  choose(subject: AchSubject): AchRule | undefined;
}

const MAX_RULES = 1_000;
const BPS = 10_000;

export function createMisbehaviours(initialSeed: number): Misbehaviours {
  let rules: AchRule[] = [];
  let random = seededRandom(initialSeed);
  return {
    add(rule) {
      if (rules.length >= MAX_RULES) throw new RangeError('too many rules');
      rules.push({ ...rule });
    },
    clear: () => void (rules = []),
    rules: () => rules,
    seed: (seed) => void (random = seededRandom(seed)),
    choose(subject) {
      const rule = rules.find((one) => applies(one, subject) && (one.rateBps ?? BPS) > random() * BPS);
      if (!rule) return magicOf(subject);
      if (rule.nextCount !== undefined) rule.nextCount -= 1;
      rules = rules.filter(({ nextCount }) => nextCount !== 0);
      return rule;
    },
  };
}

function applies({ on, matching = {} }: AchRule, subject: AchSubject): boolean {
  const { instructionId, accountNumber, amountMinor } = matching;
  if (on !== subject.occasion) return false;
  if (instructionId !== undefined && instructionId !== subject.instructionId) return false;
  if (accountNumber !== undefined && accountNumber !== subject.accountNumber) return false;
  return amountMinor === undefined || subject.amountMinor === BigInt(amountMinor);
}

/** Inquiries answer right whatever the amount: the magic is in the entry, not in asking about it. */
function magicOf({ occasion, amountMinor }: AchSubject): AchRule | undefined {
  if (amountMinor === undefined || occasion === 'inquiry') return undefined;
  const kind = ACH_MAGIC_AMOUNTS[Number(amountMinor % 10_000n)];
  if (kind === undefined || (occasion === 'mandate') !== (kind === 'refuse_mandate')) return undefined;
  return { kind, on: occasion };
}

export function answerKind(kind: AchMisbehaviour | undefined): AnswerKind | undefined {
  return ANSWER_KINDS.find((one) => one === kind);
}

/** Whether the bank goes silent or fails before it has done anything. */
export function preventsRecording(kind: AnswerKind | undefined): boolean {
  return kind === 'time_out' || kind === 'fail';
}
