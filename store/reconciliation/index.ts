/** Reconciliation as it is kept: runs, matches, breaks, files and the report. */
export * from './breaks';
export { candidatesFor, openLines, type Candidates } from './candidates';
export { decideMatch, type Decided, type Decision } from './decisions';
export { findBreaks, type FoundBreak } from './differences';
export * from './files';
export { applyFindings, type Applied, type MatchedBy } from './matches';
export * from './report';
export * from './runs';
export { matchWithdrawn } from './withdrawals';
