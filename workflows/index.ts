/** Every export here is a workflow. */
export { deposit } from './deposit';
export { dispute } from './dispute';
export { evidence } from './evidence';
export { mandate } from './mandate';
export { netPayment } from './net-payment';
export { netting } from './netting';
export { nettingDue } from './netting-due';
export { notices } from './notices';
export { payInAgain } from './pay-in-again';
export { payout } from './payout';
export { payoutRun } from './payout-run';
export { reconciliation } from './reconciliation';
export { recovery } from './recovery';
export { refund } from './refund';
export { representment } from './representment';
export { session } from './session';
export { transaction } from './transaction';
export { openSessions, retention } from './upkeep';
