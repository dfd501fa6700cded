/** Every entry that the clearinghouse posts. */
export * from './aftermath';
export * from './deal';
export {
  isBalanced,
  LEDGER_EVENTS,
  LedgerError,
  type AtRail,
  type Entry,
  type LedgerEvent,
  type Posting,
} from './entry';
export * from './funding';
export * from './netting';
export * from './rail-money';
