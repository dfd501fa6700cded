/** Ledger entries of a matched or accepted line: for exactly what the line moved, neither more nor less. */
import { statementLine, unmatchedLine, type Entry } from '../ledger/postings';
import type { Line } from './model';

/** Where money goes that is missing from a line; what is too much always waits in suspense. */
export const SHORTAGE_ACCOUNTS = ['rail_fees', 'suspense'] as const;
export type ShortageAccount = (typeof SHORTAGE_ACCOUNTS)[number];

export const lineIdOf = ({ rail, network, businessDate, reference, line }: Line): string =>
  `${rail}:${network}:${businessDate}:${reference}:${line}`;

/** What the line did to AURA's cash, minor units, negative where it went down. */
export function cashOf({ direction, amountMinor, feeMinor }: Line): bigint {
  return direction === 'credit' ? amountMinor - feeMinor : -(amountMinor + feeMinor);
}

/**
 * What is explained leaves `unreconciled`; the line's fee, and what else is missing where `shortageTo` says so, becomes
 * `rail_fees`; any other difference waits in `suspense`.
 */
export function lineEntries(input: {
  line: Line;
  explainedMinor: bigint;
  transactionId: string | null;
  shortageTo: ShortageAccount;
}): Entry[] {
  const { line, explainedMinor, transactionId, shortageTo } = input;
  const { rail, asset, direction } = line;
  const expected = direction === 'credit' ? explainedMinor : -explainedMinor;
  const rest = cashOf(line) - expected;
  const shortage = rest < 0n ? -rest : 0n;
  const feeMinor = shortageTo === 'rail_fees' || line.feeMinor > shortage ? shortage : line.feeMinor;
  const inSuspense = rest + feeMinor;
  const lineId = lineIdOf(line);
  const explained = statementLine({
    lineId,
    transactionId,
    rail,
    asset,
    direction,
    amountMinor: explainedMinor,
    feeMinor,
  });
  const unexplained = unmatchedLine({
    lineId,
    rail,
    asset,
    direction: inSuspense < 0n ? 'debit' : 'credit',
    amountMinor: inSuspense < 0n ? -inSuspense : inSuspense,
  });
  return [explained, unexplained].filter(({ postings }) => postings.length > 0);
}
