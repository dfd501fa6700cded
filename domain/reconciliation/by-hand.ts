/** How lines that an operator puts together with movements explain them, whatever the amounts. */
import { cashOf } from './entries';
import type { ExplainedLine, Line, Movement } from './model';

export type ByHand =
  | {
      lines: ExplainedLine[];
      /** What AURA's cash got less than expected; negative: more. */ differenceMinor: bigint;
    }
  | { problem: string };

/**
 * The lines in the movements' direction explain them one after the other; what does not fit stays a difference. Lines the
 * other way explain nothing: they are charges, or wait in suspense.
 */
export function explainByHand(lines: readonly Line[], movements: readonly Movement[]): ByHand {
  const places = new Set([
    ...lines.map(({ rail, asset }) => `${rail} ${asset}`),
    ...lines.slice(0, 1).flatMap(({ rail }) => movements.map(({ asset }) => `${rail} ${asset}`)),
  ]);
  if (places.size > 1) return { problem: 'lines and movements are not all of one rail and asset' };
  const [direction, ...others] = new Set(movements.map((movement) => movement.direction));
  if (others.length > 0) return { problem: 'movements in both directions have to be matched apart' };
  if (lines.length > 1 && movements.length > 1)
    return { problem: 'several lines with several movements have to be matched apart' };
  const carrying = lines.filter((line) => line.direction === direction);
  if (movements.length > 0 && carrying.length === 0)
    return { problem: 'no line goes in the direction of the movements' };
  const totalMinor = movements.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
  let left = totalMinor;
  const last = carrying.at(-1);
  const explained = lines.map((line): ExplainedLine => {
    if (line.direction !== direction) return { line, explainedMinor: 0n };
    const explainedMinor = line === last || line.amountMinor > left ? left : line.amountMinor;
    left -= explainedMinor;
    return { line, explainedMinor };
  });
  const expected = direction === 'debit' ? -totalMinor : totalMinor;
  const cash = lines.reduce((sum, line) => sum + cashOf(line), 0n);
  return { lines: explained, differenceMinor: expected - cash };
}
