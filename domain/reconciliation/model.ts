/** What reconciliation compares: lines of a rail's statement and movements that the ledger expects on it. */
import type { LinePart, RailName } from '../settlement';

export const LINE_ROLES = ['movement', 'fee'] as const;
export type LineRole = (typeof LINE_ROLES)[number];

export type Direction = 'credit' | 'debit';

/** A stored line. Amounts in minor units of the asset. */
export interface Line {
  readonly seq: string;
  readonly rail: RailName;
  readonly network: string;
  readonly businessDate: string;
  readonly reference: string;
  readonly line: string;
  readonly direction: Direction;
  readonly asset: string;
  /** Gross, with the fee still in it. */
  readonly amountMinor: bigint;
  readonly feeMinor: bigint;
  readonly instructionId: string | null;
  readonly parts: readonly LinePart[] | null;
  readonly role: LineRole;
}

/** What a proved execution or an accepted notice moved on the rail's `unreconciled` account. */
export interface Movement {
  readonly source: 'instruction' | 'notice';
  /** `ins_…` or `ntc_…`. */
  readonly id: string;
  /** The instruction itself, or the one that the notice is about. */
  readonly instructionId: string;
  readonly kind: string;
  readonly transactionId: string | null;
  readonly network: string;
  readonly reference: string;
  readonly line: string;
  readonly businessDate: string;
  readonly direction: Direction;
  readonly asset: string;
  /** Of a notice with the rail's fee in it, as the ledger booked it. */
  readonly amountMinor: bigint;
}

/** A line and how much of the movements it explains, minor units in the line's direction. */
export interface ExplainedLine {
  readonly line: Line;
  readonly explainedMinor: bigint;
}

export interface FoundMatch {
  readonly rule: RuleName;
  readonly lines: readonly ExplainedLine[];
  readonly movements: readonly Movement[];
}

/** The rules that match by themselves, in their order, and what operators do. */
export const RULE_NAMES = [
  'exact',
  'parts',
  'batch',
  'reference',
  'date_window',
  'split',
  'tolerance',
  'separate_fee',
  'withdrawn',
  'undone',
  'operator',
  'accepted',
] as const;
export type RuleName = (typeof RULE_NAMES)[number];

export const movementKey = ({ source, id }: Pick<Movement, 'source' | 'id'>): string => `${source}:${id}`;

/** What a line stands for against a movement: a notice's amount has the rail's fee in it. */
export function weightOf(line: Line, movement: Pick<Movement, 'source' | 'direction'>): bigint {
  const withFee = movement.source === 'notice' && movement.direction === 'debit';
  return withFee ? line.amountMinor + line.feeMinor : line.amountMinor;
}
