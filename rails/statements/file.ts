/** What a reader of a statement file answers, and how it refuses. */
import type { AssetCode } from '../../domain/money';
import type { RailName, StatementLine } from '../../domain/settlement';

/** Where a file is wrong: its line, counted from 1 (0: the file as a whole), and field. Never quotes what stands there. */
export interface FileProblem {
  line: number;
  field: string;
  reason: string;
}

/** A file that is not as its format demands. It is refused whole. */
export class StatementFileError extends Error {
  override name = 'StatementFileError';
  constructor(readonly problem: FileProblem) {
    super(`line ${problem.line}, ${problem.field}: ${problem.reason}`);
  }
}

export interface FileLine extends StatementLine {
  /** The network's reference of what comes back, where the file names no instruction. */
  original_reference?: string;
}

/** What the file says of its account as a whole; only after all its lines were read. Minor units of the asset. */
export interface FileSummary {
  openingMinor?: bigint;
  closingMinor?: bigint;
  asset?: AssetCode;
  /** RFC 3339, `from` inclusive, `to` exclusive. */
  from?: string;
  to?: string;
}

export interface StatementFileReading {
  /** Throws `StatementFileError`. */
  lines(): AsyncGenerator<FileLine>;
  summary(): FileSummary;
}

export interface FileOf {
  rail: RailName;
  /** As the proofs of the rail name it. */
  network: string;
}

export type Chunks = AsyncIterable<string> | Iterable<string>;

/** A booking whose hour is not told is taken to be at noon UTC, which is the same day everywhere in America. */
export const noonOf = (date: string): string => `${date}T12:00:00.000Z`;
