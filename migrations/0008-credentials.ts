import type { Migration } from '.';
import { EVENT_TYPES } from '../domain/events';
import { id, oneOf } from './sql';

export const credentials: Migration = {
  name: '0008-credentials',
  up: `
    -- A database of before learns the new names.
    ALTER TABLE outbox DROP CONSTRAINT outbox_type_check,
      ADD CONSTRAINT outbox_type_check CHECK (${oneOf('type', EVENT_TYPES)});

    -- What this database is for, said once: play money and real money never meet.
    CREATE TABLE deployment (
      the_only boolean PRIMARY KEY DEFAULT true CHECK (the_only),
      environment text NOT NULL CHECK (${oneOf('environment', ['live', 'sandbox'])}),
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE TRIGGER deployment_stays BEFORE UPDATE ON deployment FOR EACH ROW EXECUTE FUNCTION refuse_change();

    -- Neither a key nor its secret is here, only what tells that a key is the right one.
    CREATE TABLE api_keys (
      ${id('id', 'apiKey')} PRIMARY KEY,
      agent_id text NOT NULL REFERENCES agents,
      sha256 text NOT NULL UNIQUE CHECK (sha256 ~ '^[0-9a-f]{64}$'),
      -- The first characters, to tell keys apart by.
      shown text NOT NULL CHECK (length(shown) BETWEEN 8 AND 16),
      scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
      replaces text REFERENCES api_keys,
      created_at timestamptz NOT NULL DEFAULT now(),
      valid_to timestamptz,
      ended text CHECK (${oneOf('ended', ['rotated', 'revoked'])}),
      CHECK ((valid_to IS NULL) = (ended IS NULL))
    );
    CREATE INDEX api_keys_by_agent ON api_keys (agent_id);
    CREATE UNIQUE INDEX api_keys_replaced_once ON api_keys (replaces);
  `,
  down: `
    DROP TABLE api_keys, deployment;
  `,
};
