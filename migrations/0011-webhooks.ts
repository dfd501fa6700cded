import type { Migration } from '.';
import { EVENT_TYPES } from '../domain/events';
import { BEACON_WEBHOOKS, SCOUT_WEBHOOKS } from '../domain/notifications';
import { id, oneOf } from './sql';

const NAMES = [...new Set<string>([...BEACON_WEBHOOKS, ...SCOUT_WEBHOOKS])];
const DELIVERY_STATUSES = ['pending', 'delivered', 'expired', 'dead'] as const;

export const webhooks: Migration = {
  name: '0011-webhooks',
  up: `
    ALTER TABLE outbox DROP CONSTRAINT outbox_type_check,
      ADD CONSTRAINT outbox_type_check CHECK (${oneOf('type', EVENT_TYPES)});

    -- Events in the order in which they became known. It is given by the one router at a time, so that whoever reads on
    -- from a place misses none, whatever the order in which their writers committed.
    CREATE SEQUENCE routed_seq;
    ALTER TABLE outbox ADD COLUMN routed_seq bigint UNIQUE;
    CREATE INDEX outbox_unrouted ON outbox (seq) WHERE routed_seq IS NULL;

    -- What each agent is told.
    CREATE TABLE agent_events (
      agent_id text NOT NULL REFERENCES agents,
      seq bigint NOT NULL,
      event_id text NOT NULL REFERENCES outbox (id),
      event_type text NOT NULL CHECK (${oneOf('event_type', EVENT_TYPES)}),
      correlation_id text NOT NULL,
      occurred_at timestamptz NOT NULL,
      -- Ids and amounts, as far as this agent may see them.
      payload jsonb NOT NULL,
      PRIMARY KEY (agent_id, seq),
      UNIQUE (agent_id, event_id)
    );

    CREATE TABLE webhook_deliveries (
      ${id('id', 'webhookDelivery')} PRIMARY KEY,
      seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
      agent_id text NOT NULL REFERENCES agents,
      event_id text NOT NULL,
      name text NOT NULL CHECK (${oneOf('name', NAMES)}),
      -- Deliveries to one agent about one of these are made in order.
      correlation_id text NOT NULL,
      transaction_id text,
      status text NOT NULL DEFAULT 'pending' CHECK (${oneOf('status', DELIVERY_STATUSES)}),
      attempts int NOT NULL DEFAULT 0,
      next_attempt_at timestamptz NOT NULL DEFAULT now(),
      -- Somebody is sending it; whoever finds this past sends it again.
      lease_until timestamptz,
      last_attempt_at timestamptz,
      last_outcome text CHECK (length(last_outcome) <= 200),
      delivered_at timestamptz,
      created_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (agent_id, event_id),
      FOREIGN KEY (agent_id, event_id) REFERENCES agent_events (agent_id, event_id),
      CHECK (status <> 'delivered' OR delivered_at IS NOT NULL)
    );
    CREATE INDEX webhook_deliveries_open ON webhook_deliveries (agent_id, correlation_id, seq) WHERE status = 'pending';
    CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_attempt_at) WHERE status = 'pending';
    CREATE INDEX webhook_deliveries_by_agent ON webhook_deliveries (agent_id, seq);
    CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (seq) WHERE status = 'dead';
    CREATE INDEX webhook_deliveries_by_deal ON webhook_deliveries (transaction_id, agent_id, seq)
      WHERE transaction_id IS NOT NULL;

    -- The reputation that a principal's agents were last told.
    CREATE TABLE reputations_told (
      principal_id text PRIMARY KEY REFERENCES principals,
      reputation numeric(5, 2) NOT NULL,
      told_at timestamptz NOT NULL DEFAULT now()
    );

    ALTER TABLE offers ADD COLUMN expiry_told boolean NOT NULL DEFAULT false;
    CREATE INDEX offers_running_out ON offers (valid_until) WHERE NOT expiry_told;
  `,
  down: `
    ALTER TABLE offers DROP COLUMN expiry_told;
    DROP TABLE reputations_told, webhook_deliveries, agent_events;
    ALTER TABLE outbox DROP COLUMN routed_seq;
    DROP SEQUENCE routed_seq;
  `,
};
