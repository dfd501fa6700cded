/** Answers of adapters are read before they are believed: a worker of somebody else may send anything. */
import type { RailAnswer, RailName } from '../settlement';
import { railAnswer } from './documents';

/**
 * The answer, or `unknown` where it is none of the contract's, or brings lines of another rail. An answer that cannot
 * be read proves nothing either way, so an inquiry has to settle it.
 */
export function readRailAnswer(rail: RailName, answer: unknown): RailAnswer {
  const read = railAnswer.safeParse(answer);
  if (!read.success) {
    const [issue] = read.error.issues;
    const where = issue?.path.map(String).join('.') ?? '';
    return {
      outcome: 'unknown',
      detail: `the adapter's answer has another form: ${where} ${issue?.message ?? ''}`,
    };
  }
  const foreign =
    read.data.outcome === 'executed' && read.data.lines.some((line) => line.rail !== rail || !feeFits(line));
  return foreign
    ? { outcome: 'unknown', detail: 'the answer brings lines that are not of this rail' }
    : read.data;
}

function feeFits({ amount_minor, fee_minor }: { amount_minor: string; fee_minor: string }): boolean {
  return BigInt(fee_minor) <= BigInt(amount_minor);
}
