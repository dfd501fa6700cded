/** Exceptions: what can go wrong between an instruction and its proof, and what is done about each. */

export const EXCEPTION_CAUSES = [
  /** The rail refused; nothing moved. */
  'rejected',
  /** Nothing moved and nothing will: proved by an inquiry. */
  'never_executed',
  /** The rail could not be reached, so nothing was sent. */
  'unreachable',
  /** Accepted, but the proof does not come. */
  'no_proof',
  /** The answer was lost. */
  'outcome_unknown',
  /** A proof came that does not hold. */
  'bad_proof',
  /** It executed otherwise than instructed; the money is in suspense. */
  'nonconforming',
] as const;
export type ExceptionCause = (typeof EXCEPTION_CAUSES)[number];

/** What the clearinghouse does by itself, in this order, before it hands over to an operator. */
export type ExceptionStep = 'inquire' | 'resubmit' | 'reroute' | 'send_back' | 'give_up' | 'operator';

interface Policy {
  readonly steps: readonly ExceptionStep[];
  /** How many inquiries before the next step. */
  readonly maxInquiries: number;
}

export const EXCEPTION_POLICY: Readonly<Record<ExceptionCause, Policy>> = {
  rejected: { steps: ['reroute', 'give_up'], maxInquiries: 0 },
  never_executed: { steps: ['resubmit', 'reroute', 'give_up'], maxInquiries: 0 },
  unreachable: { steps: ['reroute', 'resubmit', 'give_up'], maxInquiries: 0 },
  no_proof: { steps: ['inquire', 'operator'], maxInquiries: 300 },
  outcome_unknown: { steps: ['inquire', 'operator'], maxInquiries: 300 },
  bad_proof: { steps: ['inquire', 'operator'], maxInquiries: 30 },
  nonconforming: { steps: ['send_back', 'operator'], maxInquiries: 300 },
};

/** Instructions for the same payment on one rail before another way is taken, or an operator asked. */
export const MAX_INSTRUCTIONS: Readonly<Partial<Record<ExceptionCause, number>>> = {
  never_executed: 3,
  // Each waits several seconds for the rail, so these are minutes.
  unreachable: 20,
  // Returns of what executed otherwise: there is no other way back than the rail that it came over.
  nonconforming: 20,
};

/** What an operator may decide. */
export const OPERATOR_ACTIONS = [
  /** Ask the rail once more, and go on by its answer. */
  'inquire',
  /** Take the bank's written word that it never executed: only once nothing can execute any more. */
  'confirm_unexecuted',
  /** Send nonconforming money back once more. */
  'send_back',
] as const;
export type OperatorAction = (typeof OPERATOR_ACTIONS)[number];

/** What an operator may decide about a cause. `conclusiveAt` is when an instruction provably cannot execute any more. */
export function allowedActions(
  cause: ExceptionCause,
  { now, conclusiveAt }: { now: Date; conclusiveAt: Date },
): OperatorAction[] {
  switch (cause) {
    case 'no_proof':
    case 'outcome_unknown':
    case 'bad_proof':
      return now < conclusiveAt ? ['inquire'] : ['inquire', 'confirm_unexecuted'];
    case 'nonconforming':
      return ['inquire', 'send_back'];
    case 'rejected':
    case 'unreachable':
    case 'never_executed':
      return [];
  }
}
