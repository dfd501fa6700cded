/** Orders of parts in which none comes before what it waits for. */
import type { CompoundPart, PlanProblem } from '.';

/** What makes parts no compound at all, cycles apart. */
export function problemOf(parts: readonly CompoundPart[], max: number): PlanProblem | undefined {
  if (parts.length === 0) return { rule: 'no_parts' };
  if (parts.length > max) return { rule: 'too_many_parts', max };
  const ids = new Set<string>();
  for (const { id } of parts) {
    if (ids.has(id)) return { rule: 'duplicate_part', part: id };
    ids.add(id);
  }
  for (const { id, after } of parts) {
    const unknown = after.find(({ part }) => !ids.has(part));
    if (unknown) return { rule: 'unknown_part', part: id, after: unknown.part };
  }
  return undefined;
}

type Compare = (a: CompoundPart, b: CompoundPart) => number;

/** Of the parts that could go next the first by `prefer` goes, then the first by id, so that an order can be repeated. */
export function inOrder(
  parts: readonly CompoundPart[],
  prefer: Compare = () => 0,
): { order: CompoundPart[] } | { cycle: string[] } {
  const waitsFor = new Map(parts.map(({ id, after }) => [id, new Set(after.map(({ part }) => part))]));
  const dependents = new Map<string, CompoundPart[]>();
  for (const part of parts) {
    for (const id of waitsFor.get(part.id) ?? []) dependents.set(id, [...(dependents.get(id) ?? []), part]);
  }
  const before: Compare = (a, b) => prefer(a, b) || (a.id < b.id ? -1 : 1);
  const ready = parts.filter(({ id }) => waitsFor.get(id)?.size === 0);
  const order: CompoundPart[] = [];
  while (ready.length > 0) {
    const next = ready.reduce((best, part) => (before(part, best) < 0 ? part : best));
    ready.splice(ready.indexOf(next), 1);
    order.push(next);
    for (const dependent of dependents.get(next.id) ?? []) {
      const open = waitsFor.get(dependent.id);
      open?.delete(next.id);
      if (open?.size === 0) ready.push(dependent);
    }
  }
  return order.length === parts.length ? { order } : { cycle: cycleIn(waitsFor) };
}

/** Follows what is still waited for until a part comes again. Each that is left waits for another that is left. */
function cycleIn(waitsFor: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const left = (id: string) => [...(waitsFor.get(id) ?? [])];
  const path: string[] = [];
  let [id] = [...waitsFor.keys()].filter((each) => left(each).length > 0);
  while (id !== undefined && !path.includes(id)) {
    path.push(id);
    [id] = left(id);
  }
  return id === undefined ? [] : path.slice(path.indexOf(id));
}
