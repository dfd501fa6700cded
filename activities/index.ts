/** The activities of the task queue `clearing`. Workflows see their types only. */
import { withHeartbeats } from './beat';
import { commitActivities } from './commit';
import { deliveryActivities } from './delivery';
import { depositActivities } from './deposit';
import type { ActivityDeps } from './deps';
import { evidenceActivities } from './evidence';
import { mandateActivities } from './mandate';
import { marginActivities } from './margin';
import { decisionActivities } from './decision';
import { nettingActivities } from './netting';
import { noticeActivities } from './notice';
import { payoutActivities } from './payout';
import { reconciliationActivities } from './reconciliation';
import { disputeActivities } from './remedy';
import { recoveryActivities } from './recovery';
import { refundActivities } from './refund';
import { retryActivities } from './retry';
import { sessionActivities } from './session';
import { settleActivities } from './settle';
import { upkeepActivities } from './upkeep';

export function createActivities(deps: ActivityDeps) {
  const activities = {
    ...sessionActivities(deps),
    ...commitActivities(deps),
    ...marginActivities(deps),
    ...settleActivities(deps),
    ...deliveryActivities(deps),
    ...payoutActivities(deps),
    ...refundActivities(deps),
    ...recoveryActivities(deps),
    ...noticeActivities(deps),
    ...nettingActivities(deps),
    ...retryActivities(deps),
    ...decisionActivities(deps),
    ...depositActivities(deps),
    ...mandateActivities(deps),
    ...reconciliationActivities(deps),
    ...disputeActivities(deps),
    ...evidenceActivities(deps),
    ...upkeepActivities(deps),
  };
  return withHeartbeats(
    activities,
    ...(['closeRun', 'importStatement', 'erasePastTime', 'advanceCycle', 'clearCycle'] as const),
  );
}

export type ClearingActivities = ReturnType<typeof createActivities>;
export type { ActivityDeps } from './deps';
export { createRailActivities, type RailActivities } from './rail';
