import type { Migration } from '.';
import { DATA_KINDS } from '../domain/personal-data';
import { oneOf } from './sql';

export const sealing: Migration = {
  name: '0013-sealing',
  up: `
    -- What personal data is sealed under, itself under a key that is not here. A destroyed one stays as a tombstone.
    CREATE TABLE data_keys (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      kind text NOT NULL CHECK (${oneOf('kind', [...Object.keys(DATA_KINDS), 'index'])}),
      subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 200),
      kek_id text NOT NULL,
      wrapped bytea,
      -- Until it has committed, nobody may rely on the key.
      made_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
      created_at timestamptz NOT NULL DEFAULT now(),
      destroyed_at timestamptz,
      CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
    );
    CREATE UNIQUE INDEX data_keys_in_use ON data_keys (kind, subject) WHERE destroyed_at IS NULL;
    CREATE INDEX data_keys_by_kek ON data_keys (kek_id, id) WHERE destroyed_at IS NULL;

    -- The subject's key, made of the given one where there is none. It cannot be destroyed before the caller is done.
    CREATE FUNCTION data_key(of_kind text, of_subject text, new_kek text, new_wrapped bytea)
      RETURNS TABLE (id bigint, kek_id text, wrapped bytea, own boolean) LANGUAGE plpgsql AS $$
    BEGIN
      FOR attempt IN 1..2 LOOP
        RETURN QUERY SELECT d.id, d.kek_id, d.wrapped, coalesce(d.made_in = pg_current_xact_id_if_assigned(), false)
          FROM data_keys d WHERE d.kind = of_kind AND d.subject = of_subject AND d.destroyed_at IS NULL FOR SHARE;
        IF FOUND THEN RETURN; END IF;
        RETURN QUERY INSERT INTO data_keys AS d (kind, subject, kek_id, wrapped)
          VALUES (of_kind, of_subject, new_kek, new_wrapped)
          ON CONFLICT (kind, subject) WHERE destroyed_at IS NULL DO NOTHING
          RETURNING d.id, d.kek_id, d.wrapped, true;
        IF FOUND THEN RETURN; END IF;
      END LOOP;
    END $$;

    -- Sealed values are longer, and their bounds are kept where they come in.
    ALTER TABLE sessions DROP CONSTRAINT sessions_raw_intent_check,
      ADD COLUMN shows_reputation boolean NOT NULL DEFAULT true;
    UPDATE sessions SET shows_reputation =
      coalesce(asked->'preferences'->>'include_reputation_data', 'true') <> 'false';
    ALTER TABLE principals DROP CONSTRAINT principals_name_check;
    ALTER TABLE cancellations DROP CONSTRAINT cancellations_comments_check;
    ALTER TABLE order_confirmations DROP CONSTRAINT order_confirmations_refusal_check;
    ALTER TABLE dispute_statements DROP CONSTRAINT dispute_statements_statement_check;

    -- What accounts are looked up by, now that their details are sealed.
    ALTER TABLE payment_accounts DROP CONSTRAINT payment_accounts_identifier_check,
      DROP CONSTRAINT payment_accounts_principal_id_rail_identifier_key,
      ADD COLUMN identifier_index text,
      ADD COLUMN sandbox boolean NOT NULL DEFAULT false,
      ADD COLUMN receives boolean NOT NULL DEFAULT true;
    UPDATE payment_accounts SET identifier_index = 'plain:' || identifier,
      sandbox = coalesce(details->>'sandbox' = 'true', false),
      receives = form <> 'wallet' OR details->>'address' IS NOT NULL;
    ALTER TABLE payment_accounts ALTER COLUMN identifier_index SET NOT NULL,
      ADD CONSTRAINT payment_accounts_identity UNIQUE (principal_id, rail, identifier_index);

    -- What bundles say of the payer, so that they say the same when the payer was erased.
    ALTER TABLE transactions ADD COLUMN payer_sha256 text CHECK (payer_sha256 ~ '^[0-9a-f]{64}$');
  `,
  down: `
    ALTER TABLE transactions DROP COLUMN payer_sha256;
    ALTER TABLE payment_accounts DROP CONSTRAINT payment_accounts_identity, DROP COLUMN identifier_index,
      DROP COLUMN sandbox, DROP COLUMN receives,
      ADD CONSTRAINT payment_accounts_principal_id_rail_identifier_key UNIQUE (principal_id, rail, identifier),
      ADD CONSTRAINT payment_accounts_identifier_check CHECK (length(identifier) >= 4);
    ALTER TABLE dispute_statements ADD CONSTRAINT dispute_statements_statement_check CHECK (length(statement) >= 1);
    ALTER TABLE order_confirmations ADD CONSTRAINT order_confirmations_refusal_check CHECK (length(refusal) >= 1);
    ALTER TABLE cancellations ADD CONSTRAINT cancellations_comments_check CHECK (length(comments) >= 0);
    ALTER TABLE principals ADD CONSTRAINT principals_name_check CHECK (length(name) >= 1);
    ALTER TABLE sessions DROP COLUMN shows_reputation,
      ADD CONSTRAINT sessions_raw_intent_check CHECK (length(raw_intent) >= 10);
    DROP FUNCTION data_key(text, text, text, bytea);
    DROP TABLE data_keys;
  `,
};
