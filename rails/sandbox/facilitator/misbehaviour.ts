/**
 * How the sandbox facilitator goes wrong, on purpose: by rule, and by amounts that end in `66.NN` of the currency.
 * An amount of the token that is no whole number of hundredths is looked at by its own last four digits instead.
 */

/** Why a payment is refused: the scheme's reasons (x402 `exact` on EVM) and the protocol's (x402 v2, section 9). */
export const REFUSAL_REASONS = [
  'insufficient_funds',
  'invalid_network',
  'invalid_payload',
  'invalid_payment_requirements',
  'invalid_scheme',
  'unsupported_scheme',
  'invalid_x402_version',
  'invalid_transaction_state',
  'unexpected_verify_error',
  'unexpected_settle_error',
  'invalid_exact_evm_signature',
  'invalid_exact_evm_insufficient_balance',
  'invalid_exact_evm_nonce_already_used',
  'invalid_exact_evm_network_mismatch',
  'invalid_exact_evm_recipient_mismatch',
  'invalid_exact_evm_transaction_failed',
  'invalid_exact_evm_transaction_simulation_failed',
  'invalid_exact_evm_payload_authorization_valid_after',
  'invalid_exact_evm_payload_authorization_valid_before',
  'invalid_exact_evm_payload_authorization_value_mismatch',
  'invalid_exact_evm_payload_recipient_mismatch',
  'invalid_exact_evm_payload_signature',
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

export const FACILITATOR_MISBEHAVIOURS = [
  /** Refuses with the reason that the rule gives, `invalid_exact_evm_insufficient_balance` by default. */
  'refuse',
  /** Answers late, but correctly. */
  'slow',
  /** Neither executes nor answers. */
  'time_out',
  /** Executes and never answers. */
  'execute_then_time_out',
  /** Executes and cuts the connection. */
  'execute_then_disconnect',
  /** Executes and answers 500. */
  'execute_then_fail',
  /** Answers 500 and executes nothing. */
  'fail',
  /** Executes and answers with something that is no JSON. */
  'garbage',
  /** Executes and sends a second transaction of the same authorization, which the token reverts. */
  'duplicate',
  /** Answers `settlement_pending` with the hash; the transaction is broadcast later. */
  'pending',
  /** Answers `settlement_pending` with the hash of a transaction that it never broadcasts. */
  'pending_then_rejected',
  /** Executes and names another transaction. */
  'wrong_transaction',
  /** Says that it has executed and has not. */
  'claim_without_executing',
] as const;
export type FacilitatorMisbehaviour = (typeof FACILITATOR_MISBEHAVIOURS)[number];

export interface Behaviour {
  kind: FacilitatorMisbehaviour;
  reason?: RefusalReason;
}

/** The last four digits of the amount → behaviour. Where the rails' networks have the like, the numbers are theirs. */
export const FACILITATOR_MAGIC_AMOUNTS: Readonly<Record<number, Behaviour>> = {
  6601: { kind: 'refuse', reason: 'invalid_exact_evm_signature' },
  6602: { kind: 'refuse', reason: 'invalid_exact_evm_insufficient_balance' },
  6603: { kind: 'refuse', reason: 'invalid_exact_evm_recipient_mismatch' },
  6604: { kind: 'refuse', reason: 'invalid_exact_evm_nonce_already_used' },
  6605: { kind: 'refuse', reason: 'invalid_exact_evm_network_mismatch' },
  6606: { kind: 'refuse', reason: 'unsupported_scheme' },
  6607: { kind: 'refuse', reason: 'invalid_exact_evm_payload_authorization_value_mismatch' },
  6608: { kind: 'refuse', reason: 'invalid_exact_evm_payload_authorization_valid_before' },
  6609: { kind: 'refuse', reason: 'insufficient_funds' },
  6611: { kind: 'slow' },
  6612: { kind: 'execute_then_time_out' },
  6613: { kind: 'time_out' },
  6614: { kind: 'duplicate' },
  6615: { kind: 'wrong_transaction' },
  6616: { kind: 'claim_without_executing' },
  6617: { kind: 'pending' },
  6618: { kind: 'pending_then_rejected' },
  6619: { kind: 'execute_then_disconnect' },
  6620: { kind: 'garbage' },
  6621: { kind: 'execute_then_fail' },
  6622: { kind: 'fail' },
};

export const FACILITATOR_OCCASIONS = ['verify', 'settle', 'payment', 'inquiry'] as const;
export type FacilitatorOccasion = (typeof FACILITATOR_OCCASIONS)[number];

export interface FacilitatorRule extends Behaviour {
  on: FacilitatorOccasion;
  /** The next so many questions; endless when absent. */
  nextCount?: number;
  /** Chance in basis points of each question; always when absent. */
  rateBps?: number;
  matching?: { payer?: string; amount?: string };
}

export interface PaymentSubject {
  occasion: FacilitatorOccasion;
  payer?: string;
  /** Atomic units. */
  amount?: bigint;
}

export interface FacilitatorMischief {
  add(rule: FacilitatorRule): void;
  clear(): void;
  rules(): readonly FacilitatorRule[];
  choose(subject: PaymentSubject): Behaviour | undefined;
}

const MAX_RULES = 1_000;
const BPS = 10_000;
/** Atomic units of a six-digit token in a hundredth of its currency. */
const ATOMIC_PER_CENT = 10_000n;

export function createMischief(random: () => number = Math.random): FacilitatorMischief {
  let rules: FacilitatorRule[] = [];
  return {
    add(rule) {
      if (rules.length >= MAX_RULES) throw new RangeError('too many rules');
      rules.push({ ...rule });
    },
    clear() {
      rules = [];
    },
    rules: () => rules,
    choose(subject) {
      const rule = rules.find((candidate) => applies(candidate, subject) && hits(candidate, random));
      if (!rule) return magicOf(subject);
      if (rule.nextCount !== undefined) rule.nextCount -= 1;
      rules = rules.filter((candidate) => candidate.nextCount !== 0);
      return { kind: rule.kind, reason: rule.reason };
    },
  };
}

function applies({ on, matching }: FacilitatorRule, { occasion, payer, amount }: PaymentSubject): boolean {
  if (on !== occasion) return false;
  if (matching?.payer !== undefined && matching.payer.toLowerCase() !== payer?.toLowerCase()) return false;
  return matching?.amount === undefined || amount === BigInt(matching.amount);
}

function hits({ rateBps }: FacilitatorRule, random: () => number): boolean {
  return rateBps === undefined || random() < rateBps / BPS;
}

/** An inquiry answers right whatever the amount; a verification only refuses what a settlement would refuse. */
function magicOf({ occasion, amount }: PaymentSubject): Behaviour | undefined {
  if (amount === undefined || occasion === 'inquiry') return undefined;
  const cents = amount % ATOMIC_PER_CENT === 0n ? amount / ATOMIC_PER_CENT : amount;
  const behaviour = FACILITATOR_MAGIC_AMOUNTS[Number(cents % 10_000n)];
  return occasion === 'verify' && behaviour?.kind !== 'refuse' ? undefined : behaviour;
}
