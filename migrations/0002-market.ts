import type { Migration } from '.';
import { CLEARING_STATES, MARKET_STATES, TABLE_ROWS } from '../domain/lifecycle';
import { PROFILE_IDS } from '../domain/profiles';
import { RAILS } from '../domain/settlement';
import { API_VERSIONS, VERSION_2 } from '../domain/versions';
import { AMOUNT, ASSET, appendOnly, id, oneOf } from './sql';

const text = (value: string | null) => (value === null ? 'NULL' : `'${value}'`);
const rows = TABLE_ROWS.map(({ transition, region, from, to, whileOther }) => {
  const guard = whileOther ? `ARRAY[${whileOther.map((state) => text(state ?? 'none')).join(', ')}]` : 'NULL';
  return `('${transition}', '${region}', ${text(from)}, '${to}', ${guard})`;
}).join(',\n      ');

export const market: Migration = {
  name: '0002-market',
  up: `
    CREATE TABLE sessions (
      ${id('id', 'session')} PRIMARY KEY,
      scout_id text NOT NULL REFERENCES agents,
      principal_id text NOT NULL REFERENCES principals,
      profile_id text NOT NULL CHECK (${oneOf('profile_id', PROFILE_IDS)}),
      profile_version int NOT NULL,
      raw_intent text NOT NULL CHECK (length(raw_intent) BETWEEN 10 AND 2000),
      asked jsonb NOT NULL,
      interpretation jsonb,
      max_offers int NOT NULL CHECK (max_offers BETWEEN 1 AND 50),
      offer_timeout_ms int NOT NULL CHECK (offer_timeout_ms BETWEEN 100 AND 120000),
      market_state text NOT NULL DEFAULT 'created' CHECK (${oneOf('market_state', MARKET_STATES)}),
      failure jsonb,
      offers_due_at timestamptz,
      expires_at timestamptz,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX sessions_by_scout ON sessions (scout_id, created_at);

    CREATE TABLE requests (
      ${id('id', 'request')} PRIMARY KEY,
      session_id text NOT NULL UNIQUE REFERENCES sessions,
      projection jsonb NOT NULL,
      embedding vector(256) NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    );

    CREATE TABLE request_recipients (
      request_id text NOT NULL REFERENCES requests,
      session_id text NOT NULL REFERENCES sessions,
      beacon_id text NOT NULL REFERENCES agents,
      status text NOT NULL DEFAULT 'asked' CHECK (${oneOf('status', ['asked', 'offered', 'passed'])}),
      asked_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (request_id, beacon_id)
    );
    CREATE INDEX request_recipients_open ON request_recipients (beacon_id, asked_at) WHERE status = 'asked';
    CREATE INDEX request_recipients_by_session ON request_recipients (session_id);

    CREATE TABLE offers (
      ${id('id', 'offer')} PRIMARY KEY,
      session_id text NOT NULL REFERENCES sessions,
      beacon_id text NOT NULL REFERENCES agents,
      principal_id text NOT NULL REFERENCES principals,
      document jsonb NOT NULL,
      signed_bytes text NOT NULL,
      -- The protocol version whose way of signing made the bytes.
      signed_form text NOT NULL DEFAULT '${VERSION_2}' CHECK (${oneOf('signed_form', API_VERSIONS)}),
      signature text NOT NULL,
      key_id text NOT NULL REFERENCES agent_keys,
      -- SHA-256 of the body that came, which the request's own signature is over.
      request_sha256 text CHECK (request_sha256 ~ '^[0-9a-f]{64}$'),
      asset ${ASSET} NOT NULL,
      unit_price_minor ${AMOUNT} NOT NULL CHECK (unit_price_minor >= 0),
      embedding vector(256) NOT NULL,
      valid_until timestamptz NOT NULL,
      rank int CHECK (rank > 0),
      ranking jsonb,
      created_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (session_id, signature)
    );
    CREATE INDEX offers_by_session ON offers (session_id, rank);

    CREATE TABLE transactions (
      ${id('id', 'transaction')} PRIMARY KEY,
      session_id text NOT NULL UNIQUE REFERENCES sessions,
      offer_id text NOT NULL UNIQUE REFERENCES offers,
      scout_id text NOT NULL REFERENCES agents,
      beacon_id text NOT NULL REFERENCES agents,
      buyer_principal_id text NOT NULL REFERENCES principals,
      seller_principal_id text NOT NULL REFERENCES principals,
      profile_id text NOT NULL CHECK (${oneOf('profile_id', PROFILE_IDS)}),
      profile_version int NOT NULL,
      quantity int NOT NULL CHECK (quantity > 0),
      asset ${ASSET} NOT NULL,
      subtotal_minor ${AMOUNT} NOT NULL CHECK (subtotal_minor >= 0),
      shipping_minor ${AMOUNT} NOT NULL CHECK (shipping_minor >= 0),
      tax_minor ${AMOUNT} NOT NULL CHECK (tax_minor >= 0),
      total_minor ${AMOUNT} NOT NULL CHECK (total_minor > 0),
      total_usd_minor ${AMOUNT} NOT NULL CHECK (total_usd_minor > 0),
      fee_minor ${AMOUNT} NOT NULL CHECK (fee_minor BETWEEN 0 AND total_minor),
      shipping_method text,
      commitment_hash text NOT NULL CHECK (commitment_hash ~ '^[0-9a-f]{64}$'),
      consent jsonb NOT NULL,
      buyer_identity jsonb NOT NULL,
      shipping_address jsonb,
      delegation_id text,
      rails text[] NOT NULL CHECK (cardinality(rails) > 0),
      rail text NOT NULL CHECK (${oneOf('rail', RAILS)}),
      mandate_id text NOT NULL REFERENCES mandates,
      -- Every rail the deal may use, in order, with the payer's mandate there: [{rail, mandate_id}].
      rail_plan jsonb NOT NULL,
      gate jsonb NOT NULL,
      risk jsonb NOT NULL,
      clearing_state text CHECK (${oneOf('clearing_state', CLEARING_STATES)}),
      margin_call_until timestamptz,
      created_at timestamptz NOT NULL DEFAULT now(),
      updated_at timestamptz NOT NULL DEFAULT now(),
      CHECK (total_minor = subtotal_minor + shipping_minor + tax_minor),
      CHECK (buyer_principal_id <> seller_principal_id)
    );
    CREATE INDEX transactions_by_scout ON transactions (scout_id, created_at);
    CREATE INDEX transactions_by_beacon ON transactions (beacon_id, created_at);
    CREATE INDEX transactions_by_pair ON transactions (buyer_principal_id, seller_principal_id);

    CREATE TABLE exposures (
      transaction_id text NOT NULL REFERENCES transactions,
      role text NOT NULL CHECK (${oneOf('role', ['buyer', 'seller'])}),
      principal_id text NOT NULL REFERENCES principals,
      agent_id text NOT NULL REFERENCES agents,
      asset ${ASSET} NOT NULL,
      amount_minor ${AMOUNT} NOT NULL CHECK (amount_minor > 0),
      usd_minor ${AMOUNT} NOT NULL CHECK (usd_minor > 0),
      created_at timestamptz NOT NULL DEFAULT now(),
      released_at timestamptz,
      PRIMARY KEY (transaction_id, role)
    );
    CREATE INDEX exposures_by_principal ON exposures (principal_id, created_at);
    CREATE INDEX exposures_open_by_agent ON exposures (agent_id) WHERE released_at IS NULL;

    CREATE TABLE lifecycle_transitions (
      transition text NOT NULL,
      region text NOT NULL CHECK (${oneOf('region', ['market', 'clearing'])}),
      from_state text,
      to_state text NOT NULL,
      while_other text[],
      UNIQUE NULLS NOT DISTINCT (transition, from_state, to_state)
    );
    INSERT INTO lifecycle_transitions VALUES
      ${rows};

    CREATE TABLE state_history (
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      session_id text NOT NULL REFERENCES sessions,
      transaction_id text REFERENCES transactions,
      region text NOT NULL CHECK (${oneOf('region', ['market', 'clearing'])}),
      transition text NOT NULL,
      from_state text,
      to_state text NOT NULL,
      key text NOT NULL,
      actor text NOT NULL,
      detail jsonb NOT NULL DEFAULT '{}',
      at timestamptz NOT NULL DEFAULT clock_timestamp(),
      UNIQUE (session_id, key),
      CHECK (region = 'market' OR transaction_id IS NOT NULL)
    );
    ${appendOnly('state_history')}

    -- A state changes only by a row of history, and only along the table.
    CREATE FUNCTION apply_transition() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      market text;
      clearing text;
      deal text;
      mine text;
      other text;
    BEGIN
      SELECT market_state INTO market FROM sessions WHERE id = NEW.session_id FOR UPDATE;
      SELECT id, clearing_state INTO deal, clearing FROM transactions WHERE session_id = NEW.session_id FOR UPDATE;
      IF NEW.transaction_id <> coalesce(deal, '') THEN
        RAISE EXCEPTION '% is not the deal of %', NEW.transaction_id, NEW.session_id
          USING ERRCODE = 'check_violation', CONSTRAINT = 'deal_of_session';
      END IF;
      IF NEW.region = 'market' THEN mine := market; other := clearing; ELSE mine := clearing; other := market; END IF;
      IF NEW.from_state IS DISTINCT FROM mine OR NOT EXISTS (
        SELECT 1 FROM lifecycle_transitions t
        WHERE t.transition = NEW.transition AND t.region = NEW.region
          AND t.from_state IS NOT DISTINCT FROM NEW.from_state AND t.to_state = NEW.to_state
          AND (t.while_other IS NULL OR coalesce(other, 'none') = ANY (t.while_other))
      ) THEN
        RAISE EXCEPTION 'illegal transition % from % to % while %/%', NEW.transition, NEW.from_state, NEW.to_state,
          market, clearing USING ERRCODE = 'check_violation', CONSTRAINT = 'legal_transition';
      END IF;
      IF NEW.region = 'market' THEN
        UPDATE sessions SET market_state = NEW.to_state, updated_at = now() WHERE id = NEW.session_id;
      ELSE
        UPDATE transactions SET clearing_state = NEW.to_state, updated_at = now() WHERE id = NEW.transaction_id;
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER state_history_apply BEFORE INSERT ON state_history
      FOR EACH ROW EXECUTE FUNCTION apply_transition();

    CREATE FUNCTION refuse_direct_state() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'the state of % changes only through state_history', TG_TABLE_NAME
          USING ERRCODE = 'check_violation', CONSTRAINT = 'state_through_history';
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER sessions_state BEFORE UPDATE OF market_state ON sessions
      FOR EACH ROW WHEN (OLD.market_state IS DISTINCT FROM NEW.market_state) EXECUTE FUNCTION refuse_direct_state();
    CREATE TRIGGER sessions_first_state BEFORE INSERT ON sessions
      FOR EACH ROW WHEN (NEW.market_state <> 'created') EXECUTE FUNCTION refuse_direct_state();
    CREATE TRIGGER transactions_state BEFORE UPDATE OF clearing_state ON transactions
      FOR EACH ROW WHEN (OLD.clearing_state IS DISTINCT FROM NEW.clearing_state)
      EXECUTE FUNCTION refuse_direct_state();
    CREATE TRIGGER transactions_first_state BEFORE INSERT ON transactions
      FOR EACH ROW WHEN (NEW.clearing_state IS NOT NULL) EXECUTE FUNCTION refuse_direct_state();
  `,
  down: `
    DROP TABLE state_history, lifecycle_transitions, exposures, transactions, offers, request_recipients, requests,
      sessions;
    DROP FUNCTION apply_transition(), refuse_direct_state();
  `,
};
