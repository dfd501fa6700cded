import type { Migration } from '.';
import { EVENT_TYPES } from '../domain/events';
import { INSTRUCTION_KINDS, RAILS } from '../domain/settlement';
import { AMOUNT, ASSET, appendOnly, id, oneOf } from './sql';

const RAIL = `text NOT NULL CHECK (${oneOf('rail', RAILS)})`;
const HASH = (column: string) => `${column} text NOT NULL CHECK (${column} ~ '^[0-9a-f]{64}$')`;

export const clearing: Migration = {
  name: '0004-clearing',
  up: `
    CREATE TABLE margins (
      transaction_id text NOT NULL REFERENCES transactions,
      role text NOT NULL CHECK (${oneOf('role', ['buyer', 'seller'])}),
      principal_id text NOT NULL REFERENCES principals,
      asset ${ASSET} NOT NULL,
      required_minor ${AMOUNT} NOT NULL CHECK (required_minor >= 0),
      -- Taken from free collateral at T19, and to be taken from the sale at release.
      collateral_minor ${AMOUNT} NOT NULL DEFAULT 0 CHECK (collateral_minor >= 0),
      from_sale_minor ${AMOUNT} NOT NULL DEFAULT 0 CHECK (from_sale_minor >= 0),
      held_minor ${AMOUNT} NOT NULL DEFAULT 0 CHECK (held_minor >= 0),
      PRIMARY KEY (transaction_id, role),
      CHECK (collateral_minor + from_sale_minor <= required_minor),
      CHECK (held_minor <= required_minor)
    );

    CREATE TABLE instructions (
      ${id('id', 'instruction')} PRIMARY KEY,
      kind text NOT NULL CHECK (${oneOf('kind', INSTRUCTION_KINDS)}),
      subject_id text NOT NULL,
      transaction_id text REFERENCES transactions,
      rail ${RAIL},
      asset ${ASSET} NOT NULL,
      amount_minor ${AMOUNT} NOT NULL CHECK (amount_minor > 0),
      document jsonb NOT NULL,
      key_id text NOT NULL,
      signature text NOT NULL,
      ${HASH('commitment_hash')},
      status text NOT NULL DEFAULT 'signed'
        CHECK (${oneOf('status', ['signed', 'executed', 'nonconforming', 'rejected', 'unknown', 'never_executed', 'reversed'])}),
      -- How far a pending settlement is, and what the payer still has to do, for people to see.
      progress jsonb,
      action jsonb,
      replaces text UNIQUE REFERENCES instructions,
      created_at timestamptz NOT NULL DEFAULT now(),
      expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
      CHECK (kind <> 'pay_in' OR transaction_id IS NOT NULL)
    );
    -- A subject has one instruction that executed or still may, so money never moves twice for one reason.
    CREATE UNIQUE INDEX instructions_live ON instructions (kind, subject_id)
      WHERE status IN ('signed', 'executed', 'unknown', 'nonconforming');
    CREATE INDEX instructions_by_subject ON instructions (subject_id);
    CREATE INDEX instructions_by_mandate ON instructions ((document->'debtor'->>'mandate_ref'));

    -- The first attempt that writes here may send; every later one may only ask.
    CREATE TABLE transmissions (
      instruction_id text PRIMARY KEY REFERENCES instructions,
      sent_by text NOT NULL,
      at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    ${appendOnly('transmissions')}

    CREATE TABLE proofs (
      ${id('id', 'proof')} PRIMARY KEY,
      instruction_id text NOT NULL REFERENCES instructions,
      statement jsonb NOT NULL,
      key_id text NOT NULL,
      signature text NOT NULL,
      evidence text NOT NULL,
      accepted boolean NOT NULL,
      checks jsonb NOT NULL CHECK (jsonb_array_length(checks) = 5),
      created_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (instruction_id, signature)
    );
    CREATE UNIQUE INDEX proofs_accepted ON proofs (instruction_id) WHERE accepted;
    ${appendOnly('proofs')}

    CREATE TABLE rail_references (
      rail ${RAIL},
      network text NOT NULL,
      business_date date NOT NULL,
      reference text NOT NULL,
      line text NOT NULL,
      proof_id text NOT NULL UNIQUE REFERENCES proofs,
      PRIMARY KEY (rail, network, business_date, reference, line)
    );
    ${appendOnly('rail_references')}

    CREATE TABLE fulfilments (
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      transaction_id text NOT NULL REFERENCES transactions,
      status text NOT NULL CHECK (${oneOf('status', ['shipped', 'delivered'])}),
      reported_by text NOT NULL REFERENCES agents,
      evidence jsonb NOT NULL,
      at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (transaction_id, status)
    );

    CREATE TABLE deposits (
      ${id('id', 'deposit')} PRIMARY KEY,
      principal_id text NOT NULL REFERENCES principals,
      agent_id text NOT NULL REFERENCES agents,
      rail ${RAIL},
      mandate_id text NOT NULL REFERENCES mandates,
      asset ${ASSET} NOT NULL,
      amount_minor ${AMOUNT} NOT NULL CHECK (amount_minor > 0),
      status text NOT NULL DEFAULT 'pending' CHECK (${oneOf('status', ['pending', 'proved', 'failed'])}),
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX deposits_by_principal ON deposits (principal_id);

    CREATE TABLE payouts (
      ${id('id', 'payout')} PRIMARY KEY,
      principal_id text NOT NULL REFERENCES principals,
      rail ${RAIL},
      account_id text NOT NULL REFERENCES payment_accounts,
      asset ${ASSET} NOT NULL,
      amount_minor ${AMOUNT} NOT NULL CHECK (amount_minor > 0),
      -- The run that made it, so that a run repeated after a crash finds it again.
      run_id text,
      status text NOT NULL DEFAULT 'pending' CHECK (${oneOf('status', ['pending', 'proved', 'rejected', 'returned'])}),
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX payouts_by_principal ON payouts (principal_id);
    CREATE UNIQUE INDEX payouts_of_run ON payouts (principal_id, asset, run_id);

    -- What a released deal owes its seller, or what a principal withdraws, until a payout takes it.
    CREATE TABLE payables (
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      -- Null where the principal asked for its free balance.
      transaction_id text UNIQUE REFERENCES transactions,
      -- The request for a withdrawal, so that it counts once.
      request_id text UNIQUE,
      principal_id text NOT NULL REFERENCES principals,
      asset ${ASSET} NOT NULL,
      amount_minor ${AMOUNT} NOT NULL CHECK (amount_minor > 0),
      payout_id text REFERENCES payouts,
      CHECK ((transaction_id IS NULL) <> (request_id IS NULL))
    );
    CREATE INDEX payables_open ON payables (principal_id, asset) WHERE payout_id IS NULL;
    CREATE INDEX payables_by_payout ON payables (payout_id);

    CREATE TABLE reconciliation_runs (
      ${id('id', 'reconciliation')} PRIMARY KEY,
      rail ${RAIL},
      period_from timestamptz NOT NULL,
      period_to timestamptz NOT NULL CHECK (period_to > period_from),
      opening_minor ${AMOUNT},
      closing_minor ${AMOUNT},
      asset ${ASSET} NOT NULL,
      lines int NOT NULL DEFAULT 0,
      matched int NOT NULL DEFAULT 0,
      breaks int NOT NULL DEFAULT 0,
      started_at timestamptz NOT NULL DEFAULT now(),
      finished_at timestamptz
    );

    CREATE TABLE statement_lines (
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      rail ${RAIL},
      network text NOT NULL,
      business_date date NOT NULL,
      reference text NOT NULL,
      line text NOT NULL,
      direction text NOT NULL CHECK (${oneOf('direction', ['credit', 'debit'])}),
      asset ${ASSET} NOT NULL,
      amount_minor ${AMOUNT} NOT NULL CHECK (amount_minor > 0),
      fee_minor ${AMOUNT} NOT NULL DEFAULT 0 CHECK (fee_minor BETWEEN 0 AND amount_minor),
      instruction_id text,
      source_format text NOT NULL,
      booked_at timestamptz NOT NULL,
      matched_instruction_id text REFERENCES instructions,
      matched_at timestamptz,
      last_seen_run text REFERENCES reconciliation_runs,
      received_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (rail, network, business_date, reference, line)
    );
    CREATE INDEX statement_lines_open ON statement_lines (rail, booked_at) WHERE matched_instruction_id IS NULL;
    CREATE INDEX statement_lines_by_instruction ON statement_lines (instruction_id);
    CREATE UNIQUE INDEX statement_lines_matched ON statement_lines (matched_instruction_id);

    CREATE TABLE breaks (
      ${id('id', 'break')} PRIMARY KEY,
      rail ${RAIL},
      kind text NOT NULL
        CHECK (${oneOf('kind', ['missing_at_rail', 'missing_in_ledger', 'amount', 'duplicate', 'late', 'altered'])}),
      key text NOT NULL UNIQUE,
      run_id text NOT NULL REFERENCES reconciliation_runs,
      instruction_id text REFERENCES instructions,
      statement_line bigint REFERENCES statement_lines,
      asset ${ASSET} NOT NULL,
      expected_minor ${AMOUNT},
      actual_minor ${AMOUNT},
      detail text NOT NULL,
      status text NOT NULL DEFAULT 'open' CHECK (${oneOf('status', ['open', 'resolved'])}),
      found_at timestamptz NOT NULL DEFAULT now(),
      resolved_at timestamptz
    );

    CREATE TABLE outbox (
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      ${id('id', 'event')} NOT NULL UNIQUE,
      type text NOT NULL CHECK (${oneOf('type', EVENT_TYPES)}),
      correlation_id text NOT NULL,
      payload jsonb NOT NULL,
      at timestamptz NOT NULL DEFAULT clock_timestamp(),
      published_at timestamptz
    );
    CREATE INDEX outbox_unpublished ON outbox (seq) WHERE published_at IS NULL;
    CREATE INDEX outbox_by_correlation ON outbox (correlation_id, seq);

    CREATE TABLE idempotency_keys (
      agent_id text NOT NULL,
      key text NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
      operation text NOT NULL,
      ${HASH('body_hash')},
      -- The id given to what the request creates, so that every retry speaks of the same thing.
      subject_id text NOT NULL,
      -- The request itself, kept only until it is decided.
      request jsonb,
      -- What the work came to, written with the work; as text, so that a replay has the bytes of the answer.
      outcome json,
      -- One request at a time does the work; it has the work until then, and extends it as long as it lives.
      held_until timestamptz,
      moves_money boolean NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (agent_id, key)
    );
    CREATE UNIQUE INDEX idempotency_keys_by_subject ON idempotency_keys (subject_id);
    CREATE INDEX idempotency_keys_lapsing ON idempotency_keys (created_at) WHERE NOT moves_money;
  `,
  down: `
    DROP TABLE idempotency_keys, outbox, breaks, statement_lines, reconciliation_runs, payables, payouts, deposits,
      fulfilments, rail_references, proofs, transmissions, instructions, margins;
  `,
};
