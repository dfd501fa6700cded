import type { Migration } from '.';
import { EVENT_TYPES } from '../domain/events';
import { LEDGER_EVENTS } from '../domain/ledger/postings';
import { CYCLE_STATUSES, NETTED_DEAL_STATUSES, NET_PAYMENT_STATUSES } from '../domain/netting';
import { RAILS } from '../domain/settlement';
import { AMOUNT, ASSET, appendOnly, id, oneOf } from './sql';

const RAIL = `text NOT NULL CHECK (${oneOf('rail', RAILS)})`;

const principals = (netted: boolean) => `
    CREATE OR REPLACE VIEW instruction_principals AS
    SELECT i.id AS instruction_id, coalesce(
      CASE WHEN i.kind IN ('pay_in', 'refund', 'return') THEN t.buyer_principal_id END, d.principal_id, p.principal_id
      ${netted ? ', n.principal_id' : ''}
    ) AS principal_id
    FROM instructions i
    LEFT JOIN transactions t ON t.id = i.transaction_id
    LEFT JOIN deposits d ON d.id = i.subject_id
    LEFT JOIN payouts p ON p.id = i.subject_id
    ${netted ? 'LEFT JOIN netting_payments n ON n.id = i.subject_id' : ''};`;

export const netting: Migration = {
  name: '0007-netting',
  up: `
    -- A database of before learns the new names.
    ALTER TABLE entries DROP CONSTRAINT entries_event_check,
      ADD CONSTRAINT entries_event_check CHECK (${oneOf('event', LEDGER_EVENTS)});
    ALTER TABLE outbox DROP CONSTRAINT outbox_type_check,
      ADD CONSTRAINT outbox_type_check CHECK (${oneOf('type', EVENT_TYPES)});

    CREATE TABLE netting_memberships (
      principal_id text NOT NULL REFERENCES principals,
      rail ${RAIL},
      asset ${ASSET} NOT NULL,
      active boolean NOT NULL,
      -- The most a cycle may ask of the member; null for no cap.
      debit_cap_minor ${AMOUNT} CHECK (debit_cap_minor > 0),
      updated_by text NOT NULL REFERENCES agents,
      updated_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (principal_id, rail, asset)
    );

    CREATE TABLE netting_cycles (
      ${id('id', 'cycle')} PRIMARY KEY,
      rail ${RAIL},
      asset ${ASSET} NOT NULL,
      status text NOT NULL DEFAULT 'open' CHECK (${oneOf('status', CYCLE_STATUSES)}),
      -- Counts its closes: one, and one more each time that participants fell out.
      generation int NOT NULL DEFAULT 0,
      opened_at timestamptz NOT NULL DEFAULT now(),
      closed_at timestamptz,
      -- When every payer was proved and its deals were settled.
      deals_settled_at timestamptz,
      ended_at timestamptz,
      cleared_at timestamptz,
      CHECK ((status IN ('settled', 'failed_over')) = (ended_at IS NOT NULL))
    );
    CREATE UNIQUE INDEX netting_cycles_open ON netting_cycles (rail, asset) WHERE status = 'open';
    CREATE INDEX netting_cycles_by_age ON netting_cycles (rail, asset, opened_at);

    CREATE TABLE netting_deals (
      transaction_id text PRIMARY KEY REFERENCES transactions,
      cycle_id text NOT NULL REFERENCES netting_cycles,
      -- The order of joining.
      seq bigint GENERATED ALWAYS AS IDENTITY,
      status text NOT NULL DEFAULT 'joined' CHECK (${oneOf('status', NETTED_DEAL_STATUSES)}),
      -- Cycles that it did not fit into.
      deferrals int NOT NULL DEFAULT 0,
      reason text,
      -- Whether its workflow knows.
      told boolean NOT NULL DEFAULT true,
      updated_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX netting_deals_by_cycle ON netting_deals (cycle_id, seq);

    CREATE TABLE netting_positions (
      cycle_id text NOT NULL REFERENCES netting_cycles,
      generation int NOT NULL CHECK (generation > 0),
      principal_id text NOT NULL REFERENCES principals,
      received_minor ${AMOUNT} NOT NULL CHECK (received_minor >= 0),
      owed_minor ${AMOUNT} NOT NULL CHECK (owed_minor >= 0),
      PRIMARY KEY (cycle_id, generation, principal_id)
    );
    CREATE INDEX netting_positions_by_principal ON netting_positions (principal_id);
    ${appendOnly('netting_positions')}

    CREATE TABLE netting_payments (
      ${id('id', 'netPayment')} PRIMARY KEY,
      cycle_id text NOT NULL REFERENCES netting_cycles,
      generation int NOT NULL CHECK (generation > 0),
      principal_id text NOT NULL REFERENCES principals,
      direction text NOT NULL CHECK (${oneOf('direction', ['in', 'out'])}),
      amount_minor ${AMOUNT} NOT NULL CHECK (amount_minor > 0),
      -- Of a payer.
      mandate_id text REFERENCES mandates,
      -- Of a payee; null where it has none at the rail, and its balance takes the money.
      account_id text REFERENCES payment_accounts,
      status text NOT NULL DEFAULT 'pending' CHECK (${oneOf('status', NET_PAYMENT_STATUSES)}),
      cause text,
      -- The notice by which the rail took it back.
      notice_id text UNIQUE REFERENCES rail_notices,
      created_at timestamptz NOT NULL DEFAULT now(),
      ended_at timestamptz,
      CHECK ((direction = 'in') = (mandate_id IS NOT NULL)),
      CHECK ((status = 'pending') = (ended_at IS NULL)),
      CHECK ((status = 'returned') = (notice_id IS NOT NULL)),
      CHECK (direction = 'out' OR status <> 'to_balance')
    );
    CREATE INDEX netting_payments_by_cycle ON netting_payments (cycle_id, principal_id);

    -- Entries of a cycle are found by the second part of their keys.
    CREATE INDEX entries_by_cycle ON entries (split_part(key, ':', 2))
      WHERE event IN ('netting_closed', 'netting_undone', 'net_in_proved', 'net_out_proved', 'net_out_to_balance');
    ${principals(true)}
  `,
  down: `
    DROP VIEW instruction_principals;
    ${principals(false)}
    DROP INDEX entries_by_cycle;
    DROP TABLE netting_payments, netting_positions, netting_deals, netting_cycles, netting_memberships;
  `,
};
