/** One line of a bundle's verification. */
export interface BundleCheck {
  readonly check: string;
  readonly passed: boolean;
  readonly detail: string;
}

/** Passed unless there is a problem; `fine` says what was found otherwise. */
export function verdict(check: string, problem: string | undefined, fine: string): BundleCheck {
  return { check, passed: problem === undefined, detail: problem ?? fine };
}

/** The first problem found among the items, with the item's name before it. */
export function firstProblem<T>(
  items: readonly T[],
  name: (item: T) => string,
  problemOf: (item: T) => string | undefined,
): string | undefined {
  for (const item of items) {
    const problem = problemOf(item);
    if (problem !== undefined) return `${name(item)}: ${problem}`;
  }
  return undefined;
}

export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
