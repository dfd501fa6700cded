/** Runs the rules over what is open, and finds the fee lines of what they matched. */
import { BPS } from '../money';
import { movementKey, type FoundMatch, type Line, type Movement } from './model';
import type { RailPolicy } from './policy';
import { RULES, type Open, type Rule } from './rules';

/** A movement that was matched before, so that a fee line may join it. */
export interface MatchedMovement {
  readonly movement: Movement;
  readonly matchId: string;
}

/** A fee line, and whose fee it is. */
export interface FoundFee {
  readonly line: Line;
  readonly movement: Movement;
}

export interface Findings {
  readonly matches: readonly FoundMatch[];
  readonly fees: readonly FoundFee[];
}

export function findMatches(open: Open, policy: RailPolicy, rules: readonly Rule[] = RULES): FoundMatch[] {
  const matches: FoundMatch[] = [];
  const matchedLines = new Set<string>();
  const matchedMovements = new Set<string>();
  let rest = open;
  for (const rule of rules) {
    for (const match of rule.find(rest, policy)) {
      matches.push({ ...match, rule: rule.name });
      match.lines.forEach(({ line }) => matchedLines.add(line.seq));
      match.movements.forEach((movement) => matchedMovements.add(movementKey(movement)));
    }
    rest = {
      lines: rest.lines.filter(({ seq }) => !matchedLines.has(seq)),
      movements: rest.movements.filter((movement) => !matchedMovements.has(movementKey(movement))),
    };
  }
  return matches;
}

/** All that can be matched, with the fees of movements matched now or before. */
export function reconcile(
  open: Open,
  matchedBefore: readonly MatchedMovement[],
  policy: RailPolicy,
): Findings {
  const matches = findMatches(open, policy);
  const used = new Set(matches.flatMap(({ lines }) => lines.map(({ line }) => line.seq)));
  const matched = [
    ...matches.flatMap(({ movements }) => movements),
    ...matchedBefore.map(({ movement }) => movement),
  ];
  const fees = open.lines
    .filter(({ seq, direction }) => !used.has(seq) && direction === 'debit')
    .flatMap((line) => {
      const movement = feeOf(line, matched, policy);
      return movement ? [{ line, movement }] : [];
    });
  return { matches, fees };
}

/**
 * The movement whose fee a debit is. A line that says it is a fee may name the instruction; one that does not has to
 * have the movement's reference, another part of it, and a size that fees have.
 */
function feeOf(line: Line, matched: readonly Movement[], policy: RailPolicy): Movement | undefined {
  const here = matched.filter(({ network, asset }) => network === line.network && asset === line.asset);
  const sameReference = here.filter(({ reference }) => reference === line.reference);
  if (line.role === 'fee') {
    const named = here.filter(({ instructionId }) => instructionId === line.instructionId);
    return [...sameReference, ...named].find(({ amountMinor }) => line.amountMinor <= amountMinor);
  }
  return sameReference.find(
    (movement) =>
      movement.direction === 'credit' &&
      movement.line !== line.line &&
      (line.instructionId === null || line.instructionId === movement.instructionId) &&
      line.amountMinor * BPS <= movement.amountMinor * BigInt(policy.feeLineMaxBps),
  );
}
