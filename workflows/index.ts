/** Every export here is a workflow. */
export { deposit } from './deposit';
export { mandate } from './mandate';
export { payout } from './payout';
export { reconciliation } from './reconciliation';
export { session } from './session';
export { transaction } from './transaction';
