/** Collects what arrives within a short time, so that it goes out together in one file. */
import type { RailAnswer } from '../../domain/settlement';
import { RailUnreachableError } from '../port';

export interface BatchWindow<T> {
  /**
   * Answers when the file was answered. The same id twice in a window is one item. Rejects with `RailUnreachableError`
   * where nothing was sent; a caller that stops waiting after that gets `unknown`.
   */
  add(id: string, item: T, signal?: AbortSignal): Promise<RailAnswer>;
  /** Sends what is waiting and waits until all is answered. */
  close(): Promise<void>;
}

export interface BatchWindowDeps<T> {
  windowMs: number;
  maxItems: number;
  /** Answers by id. Rejects with `RailUnreachableError` where nothing was sent. */
  send: (items: readonly T[]) => Promise<ReadonlyMap<string, RailAnswer>>;
}

interface Waiter {
  resolve(answer: RailAnswer): void;
  reject(error: unknown): void;
}

interface Waiting<T> {
  item: T;
  waiters: Set<Waiter>;
}

export function createBatchWindow<T>({ windowMs, maxItems, send }: BatchWindowDeps<T>): BatchWindow<T> {
  let waiting = new Map<string, Waiting<T>>();
  let timer: NodeJS.Timeout | undefined;
  const underWay = new Set<Promise<void>>();

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const batch = waiting;
    waiting = new Map();
    if (batch.size === 0) return;
    const sending = transmit(batch).finally(() => underWay.delete(sending));
    underWay.add(sending);
  }

  async function transmit(batch: Map<string, Waiting<T>>): Promise<void> {
    try {
      const answers = await send([...batch.values()].map(({ item }) => item));
      for (const [id, { waiters }] of batch) {
        const answer = answers.get(id) ?? { outcome: 'unknown', detail: 'the bank did not answer on it' };
        for (const waiter of waiters) waiter.resolve(answer);
      }
    } catch (error) {
      for (const { waiters } of batch.values()) for (const waiter of waiters) waiter.reject(error);
    }
  }

  function stopWaiting(id: string, entry: Waiting<T>, waiter: Waiter): void {
    if (waiting.get(id) !== entry) {
      return waiter.resolve({ outcome: 'unknown', detail: 'the caller stopped waiting for the answer' });
    }
    entry.waiters.delete(waiter);
    if (entry.waiters.size === 0) waiting.delete(id);
    waiter.reject(new RailUnreachableError('cancelled before anything was sent'));
  }

  return {
    add(id, item, signal) {
      if (signal?.aborted)
        return Promise.reject(new RailUnreachableError('cancelled before anything was sent'));
      const entry = waiting.get(id) ?? { item, waiters: new Set<Waiter>() };
      waiting.set(id, entry);
      timer ??= setTimeout(flush, windowMs);
      const answered = new Promise<RailAnswer>((resolve, reject) => {
        const waiter = { resolve, reject };
        entry.waiters.add(waiter);
        signal?.addEventListener('abort', () => stopWaiting(id, entry, waiter), { once: true });
      });
      if (waiting.size >= maxItems) flush();
      return answered;
    },
    async close() {
      flush();
      await Promise.all(underWay);
    },
  };
}
