/** What the clients know to have happened, line by line: for the checker, which compares it with the books. */
import { createWriteStream } from 'node:fs';

export type ClientLine =
  | {
      what: 'commit_acknowledged';
      key: string;
      sessionId: string;
      offerId: string;
      transactionId: string;
      rail: string;
      /** Decimal of the currency. */
      total: string;
    }
  /** No answer ever came: it may have happened, once at most. */
  | { what: 'commit_unanswered'; key: string; sessionId: string; why: string }
  | { what: 'commit_refused'; key: string; sessionId: string; why: string }
  | { what: 'acknowledged'; act: 'deliver' | 'cancel' | 'refund' | 'dispute'; transactionId: string }
  | { what: 'not_made'; number: number; why: string }
  | {
      what: 'webhook';
      agentId: string;
      eventId: string;
      name: string;
      sessionId: string | null;
      transactionId: string | null;
      /** Whether the receiver answered that it has it. */
      taken: boolean;
    }
  | { what: 'listens'; agentId: string };

export type Logged = ClientLine & { at: string };

export interface ClientLog {
  write(line: ClientLine): void;
  close(): Promise<void>;
}

export function openClientLog(path: string): ClientLog {
  const file = createWriteStream(path, { flags: 'a' });
  return {
    write: (line) => void file.write(`${JSON.stringify({ at: new Date().toISOString(), ...line })}\n`),
    close: () => new Promise((resolve) => void file.end(resolve)),
  };
}
