/** What an adapter remembers of instructions while its process lives. */
import type { RailAnswer } from '../../domain/settlement';
import type { Defect } from './defect';

export interface Memory {
  refusal(instructionId: string): Defect | undefined;
  refuse(instructionId: string, defect: Defect): void;
  /** Runs the work once at a time for equal `content` of an instruction; who comes meanwhile gets the same answer. */
  single(instructionId: string, content: string, work: () => Promise<RailAnswer>): Promise<RailAnswer>;
}

const MAX_REFUSALS = 10_000;

export function createMemory(): Memory {
  const refusals = new Map<string, Defect>();
  const running = new Map<string, Promise<RailAnswer>>();
  return {
    refusal: (id) => refusals.get(id),
    refuse(id, defect) {
      refusals.set(id, defect);
      const [oldest] = refusals.keys();
      if (refusals.size > MAX_REFUSALS && oldest !== undefined) refusals.delete(oldest);
    },
    single(id, content, work) {
      const key = `${id}:${content}`;
      const known = running.get(key);
      if (known) return known;
      const started = work().finally(() => running.delete(key));
      running.set(key, started);
      return started;
    },
  };
}
