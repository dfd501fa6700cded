/**
 * How the sandbox's chain goes wrong, on purpose: by rule, or by the amount of a transfer that AURA's stablecoin wallet
 * sends. The amounts are those of the other networks: hundredths of the currency modulo 10,000 = 66NN.
 */
import { seededRandom } from '../random';
export const MAGIC_AMOUNTS = {
  /** The token's compliance list gets the payer, so that the transfer reverts. */
  6604: 'reject_FRAD',
  /** Answers late, but correctly. */
  6611: 'slow',
  /** Takes the transaction and never answers. */
  6612: 'execute_then_time_out',
  /** Neither takes it nor answers. */
  6613: 'time_out',
  /** Takes it and cuts the connection. */
  6619: 'execute_then_disconnect',
  /** Takes it and answers with something that is no JSON. */
  6620: 'garbage',
  /** Takes it and answers 500. */
  6621: 'execute_then_fail',
  /** Answers 500 and takes nothing. */
  6622: 'fail',
  /** Answers with the hash and never mines the transaction: it was priced out of the pool. */
  6629: 'stuck',
  /** The block it is in is replaced after 13 blocks. */
  6630: 'reorganised',
  /** The same after 3 blocks. */
  6631: 'reorganised_early',
} as const;

export type ChainMisbehaviour = (typeof MAGIC_AMOUNTS)[keyof typeof MAGIC_AMOUNTS];
export const CHAIN_MISBEHAVIOURS: readonly ChainMisbehaviour[] = [...Object.values(MAGIC_AMOUNTS)];

/** Questions that a rule can apply to. */
export const CHAIN_OCCASIONS = ['transfer', 'inquiry', 'mandate', 'statement'] as const;
export type ChainOccasion = (typeof CHAIN_OCCASIONS)[number];

export interface ChainRule {
  kind: ChainMisbehaviour;
  on: ChainOccasion;
  /** The next so many questions; endless when absent. */
  nextCount?: number;
  /** Chance in basis points of each question; always when absent. */
  rateBps?: number;
  matching?: { sender?: string; amountMinor?: string };
}

export interface ChainSubject {
  occasion: ChainOccasion;
  /** Who sends the transaction, lower case. */
  sender?: string;
  amountMinor?: bigint;
  /** Whether the amount may ask for a behaviour. */
  magic: boolean;
}

export interface ChainMisbehaviours {
  add(rule: ChainRule): void;
  clear(): void;
  rules(): readonly ChainRule[];
  seed(seed: number): void;
  /** The first rule that applies; `only` leaves out (and uses up nothing of) the others. */
  choose(subject: ChainSubject, only?: (kind: ChainMisbehaviour) => boolean): ChainMisbehaviour | undefined;
}

const MAX_RULES = 1_000;
const BPS = 10_000;
const ATOMIC_PER_HUNDREDTH = 10_000n;

export function createChainMisbehaviours(initialSeed: number): ChainMisbehaviours {
  let rules: ChainRule[] = [];
  let random = seededRandom(initialSeed);
  const hits = ({ rateBps }: ChainRule) => rateBps === undefined || random() < rateBps / BPS;
  return {
    add(rule) {
      if (rules.length >= MAX_RULES) throw new RangeError('too many rules');
      rules.push({ ...rule });
    },
    clear: () => void (rules = []),
    rules: () => rules,
    seed: (seed) => void (random = seededRandom(seed)),
    choose(subject, only = () => true) {
      const rule = rules.find((one) => only(one.kind) && applies(one, subject) && hits(one));
      if (!rule) {
        const kind = magicOf(subject);
        return kind && only(kind) ? kind : undefined;
      }
      if (rule.nextCount !== undefined) rule.nextCount -= 1;
      rules = rules.filter(({ nextCount }) => nextCount !== 0);
      return rule.kind;
    },
  };
}

function applies({ on, matching }: ChainRule, subject: ChainSubject): boolean {
  if (on !== subject.occasion) return false;
  const { sender, amountMinor } = matching ?? {};
  if (sender !== undefined && sender.toLowerCase() !== subject.sender) return false;
  return amountMinor === undefined || subject.amountMinor === BigInt(amountMinor);
}

function magicOf({ occasion, amountMinor, magic }: ChainSubject): ChainMisbehaviour | undefined {
  if (!magic || occasion !== 'transfer' || amountMinor === undefined) return undefined;
  if (amountMinor % ATOMIC_PER_HUNDREDTH !== 0n) return undefined;
  const ending = Number((amountMinor / ATOMIC_PER_HUNDREDTH) % 10_000n);
  return (MAGIC_AMOUNTS as Readonly<Record<number, ChainMisbehaviour>>)[ending];
}
