/** The activities of the task queue `clearing`. Workflows see their types only. */
import { commitActivities } from './commit';
import { deliveryActivities } from './delivery';
import { depositActivities } from './deposit';
import type { ActivityDeps } from './deps';
import { mandateActivities } from './mandate';
import { marginActivities } from './margin';
import { payoutActivities } from './payout';
import { reconciliationActivities } from './reconciliation';
import { sessionActivities } from './session';
import { settleActivities } from './settle';

export function createActivities(deps: ActivityDeps) {
  return {
    ...sessionActivities(deps),
    ...commitActivities(deps),
    ...marginActivities(deps),
    ...settleActivities(deps),
    ...deliveryActivities(deps),
    ...payoutActivities(deps),
    ...depositActivities(deps),
    ...mandateActivities(deps),
    ...reconciliationActivities(deps),
  };
}

export type ClearingActivities = ReturnType<typeof createActivities>;
export type { ActivityDeps } from './deps';
export { createRailActivities, type RailActivities } from './rail';
