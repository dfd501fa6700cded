import type { Migration } from '.';
import { appendOnly } from './sql';

export const paymentCapabilities: Migration = {
  name: '0010-payment-capabilities',
  up: `
    -- What an agent declared last is what holds; what held when is kept.
    CREATE TABLE payment_capabilities (
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      agent_id text NOT NULL REFERENCES agents,
      capabilities jsonb NOT NULL CHECK (jsonb_typeof(capabilities->'methods') = 'array'),
      declared_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX payment_capabilities_by_agent ON payment_capabilities (agent_id, seq DESC);
    ${appendOnly('payment_capabilities')}

    -- The method that was negotiated at commit.
    ALTER TABLE transactions ADD COLUMN payment jsonb CHECK (jsonb_exists(payment, 'negotiated_method'));
  `,
  down: `
    ALTER TABLE transactions DROP COLUMN payment;
    DROP TABLE payment_capabilities;
  `,
};
