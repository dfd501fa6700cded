import type { Migration } from '.';
import { DISPUTE_REASONS, DISPUTE_STATUSES, REMEDIES } from '../domain/clearing/disputes';
import { EXCEPTION_CAUSES, OPERATOR_ACTIONS } from '../domain/clearing/exceptions';
import { NOTICE_KINDS, RAILS } from '../domain/settlement';
import { AMOUNT, ASSET, appendOnly, id, oneOf } from './sql';

const RAIL = `text NOT NULL CHECK (${oneOf('rail', RAILS)})`;

export const aftermath: Migration = {
  name: '0005-aftermath',
  up: `
    -- A party's wish to end a deal before fulfilment. One stands; what becomes of it is decided by the deal's state.
    CREATE TABLE cancellations (
      transaction_id text PRIMARY KEY REFERENCES transactions,
      requested_by text NOT NULL REFERENCES agents,
      principal_id text NOT NULL REFERENCES principals,
      reason text NOT NULL,
      penalty_minor ${AMOUNT} NOT NULL DEFAULT 0 CHECK (penalty_minor >= 0),
      at timestamptz NOT NULL DEFAULT now()
    );

    CREATE TABLE refunds (
      ${id('id', 'refund')} PRIMARY KEY,
      transaction_id text NOT NULL REFERENCES transactions,
      asset ${ASSET} NOT NULL,
      amount_minor ${AMOUNT} NOT NULL CHECK (amount_minor > 0),
      cause text NOT NULL CHECK (${oneOf('cause', ['voluntary', 'cancellation', 'remedy'])}),
      reason text NOT NULL,
      requested_by text NOT NULL,
      -- What it was taken from when it was granted.
      sources jsonb NOT NULL,
      status text NOT NULL DEFAULT 'pending' CHECK (${oneOf('status', ['pending', 'proved', 'to_balance', 'withdrawn'])}),
      created_at timestamptz NOT NULL DEFAULT now(),
      ended_at timestamptz
    );
    CREATE INDEX refunds_by_transaction ON refunds (transaction_id);

    -- Refunds never add up to more than the deal. The deal's row is locked by whoever refunds.
    CREATE FUNCTION check_refunds() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (SELECT sum(amount_minor) FROM refunds WHERE transaction_id = NEW.transaction_id AND status <> 'withdrawn')
         > (SELECT total_minor FROM transactions WHERE id = NEW.transaction_id) THEN
        RAISE EXCEPTION 'refunds exceed the total' USING ERRCODE = 'check_violation', CONSTRAINT = 'refunds_within_total';
      END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER refunds_within_total AFTER INSERT OR UPDATE OF amount_minor ON refunds
      FOR EACH ROW EXECUTE FUNCTION check_refunds();

    -- What rails said of their own accord. Kept whether believed or not; told twice, kept once.
    CREATE TABLE rail_notices (
      ${id('id', 'notice')} PRIMARY KEY,
      rail ${RAIL},
      network text NOT NULL,
      notice_id text NOT NULL,
      kind text NOT NULL CHECK (${oneOf('kind', NOTICE_KINDS)}),
      instruction_id text NOT NULL,
      statement jsonb NOT NULL,
      key_id text NOT NULL,
      signature text NOT NULL,
      evidence text NOT NULL,
      -- Null until it was judged; then what it did, or why it was not believed.
      accepted boolean,
      effect text,
      -- What a reversal took the money from, so that it can be given back.
      sources jsonb,
      received_at timestamptz NOT NULL DEFAULT now(),
      judged_at timestamptz,
      UNIQUE (rail, network, notice_id)
    );
    CREATE INDEX rail_notices_open ON rail_notices (received_at) WHERE accepted IS NULL;
    CREATE INDEX rail_notices_by_instruction ON rail_notices (instruction_id);

    CREATE TABLE rail_cursors (
      rail ${RAIL} PRIMARY KEY,
      cursor text,
      at timestamptz NOT NULL DEFAULT now()
    );

    -- The state of each rail's circuit breaker, as its worker last reported it.
    CREATE TABLE rail_health (
      rail ${RAIL} PRIMARY KEY,
      state text NOT NULL CHECK (${oneOf('state', ['closed', 'open', 'half_open'])}),
      detail text,
      since timestamptz NOT NULL DEFAULT now()
    );

    -- What a principal owes AURA after a reversal, until it is covered or written off.
    CREATE TABLE recoveries (
      ${id('id', 'recovery')} PRIMARY KEY,
      transaction_id text REFERENCES transactions,
      principal_id text NOT NULL REFERENCES principals,
      asset ${ASSET} NOT NULL,
      owed_minor ${AMOUNT} NOT NULL CHECK (owed_minor > 0),
      margin_minor ${AMOUNT} NOT NULL DEFAULT 0,
      collateral_minor ${AMOUNT} NOT NULL DEFAULT 0,
      default_fund_minor ${AMOUNT} NOT NULL DEFAULT 0,
      capital_minor ${AMOUNT} NOT NULL DEFAULT 0,
      cause text NOT NULL,
      status text NOT NULL DEFAULT 'called' CHECK (${oneOf('status', ['called', 'covered', 'defaulted', 'undone'])}),
      call_until timestamptz NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      ended_at timestamptz,
      CHECK (margin_minor + collateral_minor + default_fund_minor + capital_minor <= owed_minor)
    );
    CREATE INDEX recoveries_by_principal ON recoveries (principal_id) WHERE status = 'called';
    CREATE INDEX recoveries_by_transaction ON recoveries (transaction_id);

    CREATE TABLE exceptions (
      ${id('id', 'exception')} PRIMARY KEY,
      -- The deal, deposit, payout or refund that is stuck.
      subject_id text NOT NULL,
      transaction_id text REFERENCES transactions,
      instruction_id text REFERENCES instructions,
      -- Which workflow waits for an operator's decision.
      workflow_id text NOT NULL,
      rail ${RAIL},
      cause text NOT NULL CHECK (${oneOf('cause', EXCEPTION_CAUSES)}),
      detail text NOT NULL,
      -- What is being done: the policy's current step.
      doing text NOT NULL,
      inquiries int NOT NULL DEFAULT 0,
      status text NOT NULL DEFAULT 'open' CHECK (${oneOf('status', ['open', 'resolved'])}),
      resolution text,
      opened_at timestamptz NOT NULL DEFAULT now(),
      resolved_at timestamptz
    );
    CREATE UNIQUE INDEX exceptions_open ON exceptions (subject_id) WHERE status = 'open';
    CREATE INDEX exceptions_by_status ON exceptions (status, opened_at);

    CREATE TABLE operator_decisions (
      ${id('id', 'decision')} PRIMARY KEY,
      exception_id text NOT NULL REFERENCES exceptions,
      operator_id text NOT NULL REFERENCES agents,
      action text NOT NULL CHECK (${oneOf('action', OPERATOR_ACTIONS)}),
      reason text NOT NULL CHECK (length(reason) BETWEEN 3 AND 2000),
      -- The signed request, word for word.
      signed_request jsonb NOT NULL,
      at timestamptz NOT NULL DEFAULT now(),
      taken_at timestamptz
    );
    CREATE UNIQUE INDEX operator_decisions_waiting ON operator_decisions (exception_id) WHERE taken_at IS NULL;

    CREATE TABLE disputes (
      ${id('id', 'dispute')} PRIMARY KEY,
      transaction_id text NOT NULL REFERENCES transactions,
      -- The agent, or aura where a deadline or a rail opened it.
      filed_by text NOT NULL,
      side text NOT NULL CHECK (${oneOf('side', ['buyer', 'seller', 'aura'])}),
      reason text NOT NULL CHECK (${oneOf('reason', DISPUTE_REASONS)}),
      description text NOT NULL,
      remedy_asked text NOT NULL CHECK (${oneOf('remedy_asked', REMEDIES)}),
      amount_asked_minor ${AMOUNT} CHECK (amount_asked_minor > 0),
      status text NOT NULL DEFAULT 'open' CHECK (${oneOf('status', DISPUTE_STATUSES)}),
      answer_due_at timestamptz NOT NULL,
      decision_due_at timestamptz NOT NULL,
      quorum int CHECK (quorum > 0),
      remedy text CHECK (${oneOf('remedy', REMEDIES)}),
      remedy_amount_minor ${AMOUNT} CHECK (remedy_amount_minor >= 0),
      decided_by text,
      decision_reason text,
      refund_id text REFERENCES refunds,
      created_at timestamptz NOT NULL DEFAULT now(),
      decided_at timestamptz,
      closed_at timestamptz
    );
    CREATE INDEX disputes_by_transaction ON disputes (transaction_id);
    CREATE UNIQUE INDEX disputes_open ON disputes (transaction_id) WHERE closed_at IS NULL;

    CREATE TABLE dispute_statements (
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      dispute_id text NOT NULL REFERENCES disputes,
      agent_id text NOT NULL,
      position text NOT NULL CHECK (${oneOf('position', ['claim', 'accept', 'contest', 'evidence'])}),
      statement text NOT NULL CHECK (length(statement) BETWEEN 1 AND 10000),
      evidence jsonb NOT NULL DEFAULT '[]',
      at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX dispute_statements_by_dispute ON dispute_statements (dispute_id, seq);
    ${appendOnly('dispute_statements')}

    CREATE TABLE dispute_panel (
      dispute_id text NOT NULL REFERENCES disputes,
      member_id text NOT NULL REFERENCES agents,
      remedy text CHECK (${oneOf('remedy', REMEDIES)}),
      amount_minor ${AMOUNT} CHECK (amount_minor >= 0),
      reason text,
      -- Ed25519 over the canonical vote by the member's key, base64.
      signature text,
      voted_at timestamptz,
      PRIMARY KEY (dispute_id, member_id)
    );
  `,
  down: `
    DROP TABLE dispute_panel, dispute_statements, disputes, operator_decisions, exceptions, recoveries, rail_health,
      rail_cursors, rail_notices, refunds, cancellations;
    DROP FUNCTION check_refunds();
  `,
};
