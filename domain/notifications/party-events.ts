import type { EventType } from '../events';
import type { EventEntry } from './entry';

export type PartyEvent = Extract<
  EventType,
  | `agent.${string}`
  | `policy.${string}`
  | `principal.${string}`
  | `default.${string}`
  | `recovery.${string}`
  | `payout.${string}`
  | `netting.${string}`
  | `rail.${string}`
>;

const PAYOUT = ['payout_id', 'principal_id', 'amount_minor', 'asset', 'cause'] as const;
const CYCLE = ['cycle_id', 'rail', 'asset'] as const;

export const PARTY_EVENTS: Readonly<Record<PartyEvent, EventEntry>> = {
  'agent.registered': {
    when: 'an agent is registered',
    to: ['agent'],
    fields: ['agent_id', 'principal_id', 'role'],
  },
  'agent.vetted': {
    when: 'an operator has decided on an agent of protocol 1.0.0; in the sandbox at once',
    to: ['agent'],
    fields: ['agent_id', 'verification_status'],
  },
  'agent.policy_updated': {
    when: "an agent's policies have changed",
    to: ['agent'],
    fields: ['agent_id', 'policy_id', 'effective_from', 'effective_until'],
  },
  'agent.reputation_changed': {
    when: "the outcome of a deal or a dispute has moved the principal's reputation",
    to: ['agent'],
    fields: ['agent_id', 'principal_id', 'reputation', 'previous_reputation'],
    beacon: 'reputation_updated',
    scout: 'reputation_updated',
  },
  'agent.suspended': {
    when: 'an agent may not act any more',
    to: ['agent'],
    fields: ['agent_id', 'transaction_id', 'cause'],
  },
  'agent.reinstated': {
    when: 'a suspended agent or principal is let back in',
    to: ['agent', 'principal'],
    fields: ['id', 'agent_id', 'principal_id'],
  },
  'policy.violated': {
    when: "something an agent wanted breaks a policy, its own or the other side's",
    to: ['agent'],
    fields: ['agent_id', 'session_id', 'offer_id', 'policy_id', 'policy_of', 'rule', 'reason', 'violations'],
    beacon: 'policy_violation',
    scout: 'policy_violation',
  },
  'principal.suspended': {
    when: 'a principal has defaulted; none of its agents may act',
    to: ['principal'],
    fields: ['principal_id'],
  },
  'recovery.called': {
    when: 'money that was taken back is to be made good by a party',
    to: ['principal'],
    fields: ['recovery_id', 'transaction_id', 'principal_id', 'owed_minor', 'asset', 'until'],
  },
  'recovery.covered': {
    when: 'such a debt is paid',
    to: ['principal'],
    fields: ['recovery_id', 'principal_id'],
  },
  'default.declared': {
    when: 'such a debt was not paid in time',
    to: ['principal'],
    fields: ['recovery_id', 'transaction_id', 'principal_id', 'asset'],
  },
  'payout.sent': { when: 'a payout is instructed', to: ['principal'], fields: PAYOUT },
  'payout.proved': { when: 'a payout has arrived', to: ['principal'], fields: PAYOUT },
  'payout.rejected': { when: 'a payout came back', to: ['principal'], fields: PAYOUT },
  'netting.closed': { when: 'a netting cycle is closed', to: [], fields: [...CYCLE, 'deals'] },
  'netting.failed_over': { when: 'a netting cycle is settled gross', to: [], fields: CYCLE },
  'netting.settled': { when: "a netting cycle's payments are all proved", to: [], fields: CYCLE },
  'rail.health_changed': {
    when: 'a rail is found to work or not to work',
    to: [],
    fields: ['rail', 'state', 'detail'],
  },
};
