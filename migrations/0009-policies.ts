import type { Migration } from '.';
import { appendOnly, id } from './sql';

export const policies: Migration = {
  name: '0009-policies',
  up: `
    -- Every version of what agents declared. In force is the last to have begun.
    CREATE TABLE agent_policies (
      ${id('id', 'policy')} PRIMARY KEY,
      seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
      agent_id text NOT NULL REFERENCES agents,
      policies jsonb NOT NULL,
      effective_from timestamptz NOT NULL,
      effective_until timestamptz,
      created_at timestamptz NOT NULL DEFAULT now(),
      -- What was declared later counts from then on, whatever earlier instant it names.
      in_force_from timestamptz NOT NULL GENERATED ALWAYS AS (greatest(effective_from, created_at)) STORED,
      CHECK (effective_until > effective_from)
    );
    CREATE INDEX agent_policies_in_force ON agent_policies (agent_id, in_force_from DESC, seq DESC);
    ${appendOnly('agent_policies')}

    -- Every version of operators' code. In force is each name's last, unless it has no text.
    CREATE TABLE operator_policies (
      ${id('id', 'policy')} PRIMARY KEY,
      name text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_-]{0,63}$'),
      version int NOT NULL CHECK (version > 0),
      cedar text,
      created_by text NOT NULL REFERENCES agents,
      created_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (name, version)
    );
    ${appendOnly('operator_policies')}

    -- Why this seller was asked, as it is told.
    ALTER TABLE request_recipients ADD COLUMN context jsonb NOT NULL DEFAULT '{}';
    -- Whose turn it is, and how often it was asked.
    CREATE INDEX request_recipients_by_beacon ON request_recipients (beacon_id, asked_at);
    -- What others were offered a product for.
    CREATE INDEX offers_by_product ON offers (beacon_id, (document->'product'->>'product_id'), created_at);
  `,
  down: `
    DROP INDEX offers_by_product;
    DROP INDEX request_recipients_by_beacon;
    ALTER TABLE request_recipients DROP COLUMN context;
    DROP TABLE operator_policies, agent_policies;
  `,
};
