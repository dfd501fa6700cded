/** What starts a reconciliation, and what comes of it. */
import type { RailName } from '../../domain/settlement';

export interface ReconciliationInput {
  rail: string;
  asset: string;
  /** How far back the statement is read, milliseconds. */
  lookbackMs: number;
  /** Instead of asking the rail: a received file, by its hash. */
  fileSha256?: string;
  /** Where an earlier history of the same run stopped. */
  progress?: ReconciliationProgress;
}

export interface ReconciliationProgress {
  run: { id: string; rail: RailName; from: string; to: string; asset: string; complete?: boolean };
  lines: number;
  matched: number;
  /** The last statement line that was looked at. */
  after: string;
}

export interface ReconciliationResult {
  runId: string;
  lines: number;
  matched: number;
  openBreaks: number;
  /** Why a file was refused whole: its line, counted from 1, and field. */
  refused?: { line: number; field: string; reason: string };
}
