/**
 * The rules by which lines and movements find each other, in their order. Each takes what is still open and answers
 * matches that share neither a line nor a movement. No rule guesses: where two answers fit, it leaves both open.
 */
import type { Direction, FoundMatch, Line, Movement, RuleName } from './model';
import { weightOf } from './model';
import { daysApart, type RailPolicy } from './policy';

export interface Open {
  readonly lines: readonly Line[];
  readonly movements: readonly Movement[];
}

export interface Rule {
  readonly name: RuleName;
  /** For the report's readers. */
  readonly title: string;
  find(open: Open, policy: RailPolicy): FoundMatch[];
}

export const RULES: readonly Rule[] = [
  {
    name: 'exact',
    title: 'same reference, instruction, day, direction and amount',
    find: (open) =>
      pairs(open, {
        lineKeys: (line) => (line.instructionId === null ? [] : [placeOf(line) + line.instructionId]),
        movementKey: (movement) => placeOf(movement) + movement.instructionId,
        fits: (line, movement) => line.businessDate === movement.businessDate && isSameAmount(line, movement),
      }),
  },
  {
    name: 'parts',
    title: "one line, made of several instructions by the rail's own list",
    find: findParts,
  },
  {
    name: 'batch',
    title: 'one line, made of all movements with its reference',
    find: findBatches,
  },
  {
    name: 'reference',
    title: 'same reference and amount, no instruction named',
    find: (open, policy) =>
      pairs(open, {
        lineKeys: (line) => (line.instructionId === null ? [placeOf(line)] : []),
        movementKey: placeOf,
        fits: (line, movement) => isSameAmount(line, movement) && isNear(line, movement, policy),
      }),
  },
  {
    name: 'date_window',
    title: 'same instruction and amount, another day or reference',
    find: (open, policy) =>
      pairs(open, {
        lineKeys: (line) => (line.instructionId === null ? [] : [accountOf(line) + line.instructionId]),
        movementKey: (movement) => accountOf(movement) + movement.instructionId,
        fits: (line, movement) => isSameAmount(line, movement) && isNear(line, movement, policy),
      }),
  },
  {
    name: 'split',
    title: 'several lines that add up to one movement',
    find: findSplits,
  },
  {
    name: 'tolerance',
    title: "an amount within the rail's tolerance",
    find: (open, policy) =>
      policy.amountToleranceMinor === 0n
        ? []
        : pairs(open, {
            lineKeys: (line) => [linkOf(line)],
            movementKey: linkOf,
            alsoByReference: true,
            fits: (line, movement) =>
              isNear(line, movement, policy) &&
              magnitude(weightOf(line, movement) - movement.amountMinor) <= policy.amountToleranceMinor,
          }),
  },
];

interface Placed {
  readonly network: string;
  readonly asset: string;
  readonly direction: Direction;
  readonly reference: string;
  readonly line: string;
  readonly instructionId: string | null;
}

const accountOf = ({ network, asset, direction }: Placed) => `${network}\n${asset}\n${direction}\n`;
const placeOf = (placed: Placed) => `${accountOf(placed)}${placed.reference}\n${placed.line}\n`;
const batchOf = (placed: Placed) => `${accountOf(placed)}reference:${placed.reference}`;
/** By the instruction where one is named, else by the reference. */
const linkOf = (placed: Placed) =>
  placed.instructionId === null ? batchOf(placed) : `${accountOf(placed)}instruction:${placed.instructionId}`;

const isSameAmount = (line: Line, movement: Movement) => weightOf(line, movement) === movement.amountMinor;
const isNear = (line: Line, { businessDate }: Movement, { dateWindowDays }: RailPolicy) =>
  daysApart(line.businessDate, businessDate) <= dateWindowDays;
const magnitude = (amount: bigint) => (amount < 0n ? -amount : amount);
const isMovement = ({ role }: Line) => role === 'movement';

interface Pairing {
  lineKeys: (line: Line) => string[];
  movementKey: (movement: Movement) => string;
  /** Movements are also found by their reference, for lines that name no instruction. */
  alsoByReference?: boolean;
  fits: (line: Line, movement: Movement) => boolean;
}

/** One line with one movement. Of several movements that fit, the one with the line's own reference, else the first. */
function pairs({ lines, movements }: Open, { lineKeys, movementKey, alsoByReference, fits }: Pairing) {
  const index = group(movements, (movement) =>
    alsoByReference ? [movementKey(movement), batchOf(movement)] : [movementKey(movement)],
  );
  const taken = new Set<Movement>();
  const found: Omit<FoundMatch, 'rule'>[] = [];
  for (const line of lines.filter(isMovement)) {
    const candidates = lineKeys(line)
      .flatMap((key) => index.get(key) ?? [])
      .filter((movement) => !taken.has(movement) && fits(line, movement));
    const movement = candidates.find(({ reference }) => reference === line.reference) ?? candidates[0];
    if (!movement) continue;
    taken.add(movement);
    found.push({ lines: [{ line, explainedMinor: movement.amountMinor }], movements: [movement] });
  }
  return found as FoundMatch[];
}

function findParts({ lines, movements }: Open): FoundMatch[] {
  const index = group(movements, (movement) => [accountOf(movement) + movement.instructionId]);
  const taken = new Set<Movement>();
  const found: FoundMatch[] = [];
  for (const line of lines.filter(isMovement)) {
    if (!line.parts?.length) continue;
    const chosen = new Set<Movement>();
    for (const part of line.parts) {
      const movement = index
        .get(accountOf(line) + part.instruction_id)
        ?.find((one) => !taken.has(one) && !chosen.has(one) && one.amountMinor === BigInt(part.amount_minor));
      if (movement) chosen.add(movement);
    }
    const isWhole = chosen.size === line.parts.length && sum([...chosen]) === line.amountMinor;
    if (!isWhole) continue;
    chosen.forEach((movement) => taken.add(movement));
    found.push({
      rule: 'parts',
      lines: [{ line, explainedMinor: line.amountMinor }],
      movements: [...chosen],
    });
  }
  return found;
}

function findBatches({ lines, movements }: Open, policy: RailPolicy): FoundMatch[] {
  const index = group(movements, (movement) => [batchOf(movement)]);
  const found: FoundMatch[] = [];
  for (const line of lines.filter(isMovement)) {
    if (line.instructionId !== null || line.parts?.length) continue;
    const parts = index.get(batchOf(line)) ?? [];
    if (parts.length < 2 || sum(parts) !== line.amountMinor) continue;
    if (!parts.every((movement) => isNear(line, movement, policy))) continue;
    // Two lines with one reference cannot both be its batch.
    index.delete(batchOf(line));
    found.push({ rule: 'batch', lines: [{ line, explainedMinor: line.amountMinor }], movements: parts });
  }
  return found;
}

/** All that is booked under the movement's reference, else all that names its instruction. */
function findSplits({ lines, movements }: Open, policy: RailPolicy): FoundMatch[] {
  const index = group(lines.filter(isMovement), (line) =>
    line.instructionId === null ? [batchOf(line)] : [batchOf(line), linkOf(line)],
  );
  const taken = new Set<Line>();
  const found: FoundMatch[] = [];
  for (const movement of movements) {
    const isPart = (line: Line) =>
      !taken.has(line) &&
      (line.instructionId === null || line.instructionId === movement.instructionId) &&
      isNear(line, movement, policy);
    const adding = [batchOf(movement), linkOf(movement)]
      .map((key) => (index.get(key) ?? []).filter(isPart))
      .find((parts) => parts.length > 1 && weight(parts, movement) === movement.amountMinor);
    if (!adding) continue;
    adding.forEach((line) => taken.add(line));
    const explained = adding.map((line) => ({ line, explainedMinor: weightOf(line, movement) }));
    found.push({ rule: 'split', lines: explained, movements: [movement] });
  }
  return found;
}

function weight(lines: readonly Line[], movement: Movement): bigint {
  return lines.reduce((total, line) => total + weightOf(line, movement), 0n);
}

function sum(movements: readonly Movement[]): bigint {
  return movements.reduce((total, { amountMinor }) => total + amountMinor, 0n);
}

function group<T>(items: readonly T[], keysOf: (item: T) => string[]): Map<string, T[]> {
  const index = new Map<string, T[]>();
  for (const item of items) {
    for (const key of keysOf(item)) {
      const known = index.get(key);
      if (known) known.push(item);
      else index.set(key, [item]);
    }
  }
  return index;
}
