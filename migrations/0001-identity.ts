import type { Migration } from '.';
import { ACCOUNT_FORMS } from '../domain/rail-terms';
import { PAYOUT_SCHEDULES, RAILS } from '../domain/settlement';
import { AMOUNT, ASSET, appendOnly, id, oneOf } from './sql';

const TRUST = ['L0', 'L1', 'L2', 'L3'];

export const identity: Migration = {
  name: '0001-identity',
  up: `
    CREATE EXTENSION IF NOT EXISTS vector;

    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END $$;

    CREATE TABLE principals (
      ${id('id', 'principal')} PRIMARY KEY,
      name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
      public_key text NOT NULL UNIQUE,
      trust_level text NOT NULL CHECK (${oneOf('trust_level', TRUST)}),
      trust_profile jsonb NOT NULL,
      attested_record jsonb,
      status text NOT NULL DEFAULT 'active' CHECK (${oneOf('status', ['active', 'suspended'])}),
      created_at timestamptz NOT NULL DEFAULT now()
    );

    CREATE TABLE trust_issuers (
      issuer_id text PRIMARY KEY,
      kind text NOT NULL CHECK (${oneOf('kind', ['w3c_vc', 'x509'])}),
      data jsonb NOT NULL,
      updated_at timestamptz NOT NULL DEFAULT now()
    );

    CREATE TABLE credentials (
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      principal_id text NOT NULL REFERENCES principals,
      kind text NOT NULL CHECK (${oneOf('kind', ['w3c_vc', 'x509'])}),
      issuer_id text NOT NULL REFERENCES trust_issuers,
      credential_id text NOT NULL,
      level text NOT NULL CHECK (${oneOf('level', TRUST)}),
      valid_until timestamptz NOT NULL,
      document_sha256 text NOT NULL CHECK (document_sha256 ~ '^[0-9a-f]{64}$'),
      created_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (principal_id, issuer_id, credential_id)
    );

    CREATE TABLE agents (
      ${id('id', 'scout', 'beacon', 'operator')} PRIMARY KEY,
      principal_id text NOT NULL REFERENCES principals,
      role text NOT NULL CHECK (${oneOf('role', ['scout', 'beacon', 'operator'])}),
      name text NOT NULL,
      api_version text NOT NULL CHECK (api_version ~ '^\\d{4}-\\d{2}-\\d{2}$'),
      categories text[] NOT NULL DEFAULT '{}',
      ships_to text[] NOT NULL DEFAULT '{}',
      agent_version text,
      platform text,
      capabilities text[] NOT NULL DEFAULT '{}',
      -- Where events are told: a beacon's webhook, a scout's callback.
      webhook_url text,
      merchant_name text,
      merchant_domain text,
      contact_email text,
      verification_status text NOT NULL DEFAULT 'verified'
        CHECK (${oneOf('verification_status', ['pending', 'verified', 'rejected'])}),
      payout_schedule text NOT NULL DEFAULT 'instant' CHECK (${oneOf('payout_schedule', PAYOUT_SCHEDULES)}),
      status text NOT NULL DEFAULT 'active' CHECK (${oneOf('status', ['active', 'suspended'])}),
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX agents_by_principal ON agents (principal_id);
    CREATE INDEX agents_beacons ON agents (role, status) WHERE role = 'beacon';

    CREATE TABLE agent_capacities (
      agent_id text NOT NULL REFERENCES agents,
      asset ${ASSET} NOT NULL,
      capacity_minor ${AMOUNT} NOT NULL CHECK (capacity_minor > 0),
      PRIMARY KEY (agent_id, asset)
    );

    CREATE TABLE agent_keys (
      ${id('id', 'key')} PRIMARY KEY,
      agent_id text NOT NULL REFERENCES agents,
      public_key text NOT NULL,
      valid_from timestamptz NOT NULL DEFAULT now(),
      valid_to timestamptz CHECK (valid_to > valid_from)
    );
    CREATE INDEX agent_keys_by_agent ON agent_keys (agent_id);
    CREATE UNIQUE INDEX agent_keys_in_use ON agent_keys (public_key) WHERE valid_to IS NULL;

    CREATE TABLE rail_keys (
      key_id text PRIMARY KEY,
      rail text NOT NULL CHECK (${oneOf('rail', RAILS)}),
      public_key text NOT NULL,
      valid_from timestamptz NOT NULL DEFAULT now(),
      valid_to timestamptz CHECK (valid_to > valid_from)
    );

    CREATE TABLE payment_accounts (
      ${id('id', 'paymentAccount')} PRIMARY KEY,
      principal_id text NOT NULL REFERENCES principals,
      rail text NOT NULL CHECK (${oneOf('rail', RAILS)}),
      asset ${ASSET} NOT NULL,
      form text NOT NULL CHECK (${oneOf('form', ACCOUNT_FORMS)}),
      -- What the rail reaches it by: routing and account number, card token, or wallet address.
      identifier text NOT NULL CHECK (length(identifier) BETWEEN 4 AND 200),
      details jsonb NOT NULL,
      holder_name text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (principal_id, rail, identifier)
    );

    CREATE TABLE mandates (
      ${id('id', 'mandate')} PRIMARY KEY,
      principal_id text NOT NULL REFERENCES principals,
      account_id text NOT NULL REFERENCES payment_accounts,
      rail text NOT NULL CHECK (${oneOf('rail', RAILS)}),
      asset ${ASSET} NOT NULL,
      ceiling_minor ${AMOUNT} NOT NULL CHECK (ceiling_minor > 0),
      used_minor ${AMOUNT} NOT NULL DEFAULT 0 CHECK (used_minor BETWEEN 0 AND ceiling_minor),
      status text NOT NULL DEFAULT 'requested'
        CHECK (${oneOf('status', ['requested', 'action_required', 'accepted', 'rejected'])}),
      -- What the payer signed along with it (a transfer authorization), and what it still has to do.
      payer_authorization jsonb,
      action jsonb,
      reference text,
      refusal text,
      expires_at timestamptz NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      CHECK (status <> 'accepted' OR reference IS NOT NULL)
    );
    CREATE INDEX mandates_by_principal ON mandates (principal_id, rail);
    CREATE INDEX mandates_by_reference ON mandates (reference);

    CREATE TABLE request_nonces (
      nonce text PRIMARY KEY,
      expires_at timestamptz NOT NULL
    );

    CREATE TABLE usd_rates (
      asset ${ASSET} NOT NULL,
      business_date date NOT NULL,
      usd_per_unit numeric(20, 10) NOT NULL CHECK (usd_per_unit > 0),
      PRIMARY KEY (asset, business_date)
    );

    CREATE TABLE audit (
      ${id('id', 'audit')} PRIMARY KEY,
      at timestamptz NOT NULL DEFAULT now(),
      actor text NOT NULL,
      action text NOT NULL,
      subject text NOT NULL,
      detail jsonb NOT NULL
    );
    CREATE INDEX audit_by_subject ON audit (subject, at);
    ${appendOnly('audit')}
  `,
  down: `
    DROP TABLE audit, usd_rates, request_nonces, mandates, payment_accounts, rail_keys, agent_keys, agent_capacities,
      agents, credentials, trust_issuers, principals;
    DROP FUNCTION refuse_change();
  `,
};
