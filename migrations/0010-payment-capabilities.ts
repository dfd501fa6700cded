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

    -- Asked for on the way of a commit: no other deal may draw on it.
    ALTER TABLE mandates ADD COLUMN for_commit boolean NOT NULL DEFAULT false;

    -- The method that was negotiated at commit.
    ALTER TABLE transactions ADD COLUMN payment jsonb CHECK (jsonb_exists(payment, 'negotiated_method'));
  `,
  down: `
    ALTER TABLE transactions DROP COLUMN payment;
    ALTER TABLE mandates DROP COLUMN for_commit;
    DROP TABLE payment_capabilities;
  `,
};
