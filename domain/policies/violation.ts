import type { DomainEvent } from '../events';
import { refusalDetails, type PolicyRefusal } from './decision';

export interface Violation {
  /** The agent that is told: the one who wanted what is forbidden. */
  agentId: string;
  sessionId: string;
  offerId?: string;
  refusals: readonly PolicyRefusal[];
}

/** Told to the agent by webhook as `policy_violation`. The first rule decides, the others are listed. */
export function violationEvent({ agentId, sessionId, offerId, refusals }: Violation): DomainEvent {
  const violations = refusals.map(refusalDetails);
  return {
    type: 'policy.violated',
    correlationId: sessionId,
    payload: {
      agent_id: agentId,
      session_id: sessionId,
      ...(offerId !== undefined && { offer_id: offerId }),
      ...violations[0],
      violations,
    },
  };
}
