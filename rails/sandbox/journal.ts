/**
 * The network's book of record: JSON lines, only ever appended, on disk before anyone hears of them. Appends that
 * arrive while the disk is busy share the next write.
 */
import { open, truncate, type FileHandle } from 'node:fs/promises';

export interface Journal<E> {
  append(event: E): void;
  /** Resolves when everything appended so far is on disk. */
  flushed(): Promise<void>;
  close(): Promise<void>;
}

/** The journal could not be written: what is in memory may not be on disk. */
export class JournalError extends Error {
  override name = 'JournalError';
}

/** Replays the journal through `apply` and opens it for appending. A last line that was cut short is dropped. */
export async function openJournal<E>(path: string, apply: (event: E) => void): Promise<Journal<E>> {
  const file = await open(path, 'a+', 0o600);
  const content = await file.readFile();
  const intact = content.lastIndexOf(0x0a) + 1;
  const lines = content.subarray(0, intact).toString('utf8').split('\n').slice(0, -1);
  lines.forEach((line, index) => apply(parseLine<E>(line, path, index + 1)));
  // A torn last line was never acknowledged to anyone.
  if (intact < content.length) await truncate(path, intact);
  return createJournal<E>(file);
}

function parseLine<E>(line: string, path: string, number: number): E {
  try {
    return JSON.parse(line) as E;
  } catch (error) {
    throw new Error(`${path} is damaged at line ${number}`, { cause: error });
  }
}

function createJournal<E>(file: FileHandle): Journal<E> {
  let waiting: string[] = [];
  let writing: Promise<void> | undefined;

  async function writeOut(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.join('');
      waiting = [];
      try {
        await file.appendFile(batch);
        await file.datasync();
      } catch (error) {
        throw new JournalError('the journal cannot be written', { cause: error });
      }
    }
    writing = undefined;
  }

  return {
    append(event) {
      waiting.push(`${JSON.stringify(event)}\n`);
      writing ??= Promise.resolve().then(writeOut);
      // Whoever waits in `flushed` gets the failure; this only keeps it from being unhandled meanwhile.
      writing.catch(() => undefined);
    },
    flushed: () => writing ?? Promise.resolve(),
    async close() {
      await writing;
      await file.close();
    },
  };
}
