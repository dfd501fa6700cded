import type { Migration } from '.';
import { ACCOUNT_KINDS, NON_NEGATIVE_KINDS, type AccountKind } from '../domain/ledger/accounts';
import { LEDGER_EVENTS } from '../domain/ledger/postings';
import { AMOUNT, ASSET, appendOnly, id, oneOf } from './sql';

const kinds = Object.keys(ACCOUNT_KINDS) as AccountKind[];
const creditKinds = kinds.filter((kind) => ACCOUNT_KINDS[kind].normal === 'credit');

/** As first built; `0018-ledger-speed` replaces it. */
export const APPLY_POSTINGS = `
  -- An entry's postings come in one statement and balance per asset. Accounts are locked in id order, so that
  -- concurrent entries cannot wait for each other in a circle.
  CREATE OR REPLACE FUNCTION apply_postings() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF EXISTS (
      SELECT 1 FROM added p JOIN accounts a ON a.id = p.account_id
      GROUP BY p.entry_id, a.asset
      HAVING sum(CASE p.side WHEN 'debit' THEN p.amount_minor ELSE -p.amount_minor END) <> 0
    ) THEN
      RAISE EXCEPTION 'an entry does not balance' USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_balances';
    END IF;
    IF EXISTS (
      SELECT 1 FROM (SELECT entry_id, count(*) AS here FROM added GROUP BY entry_id) n
      WHERE n.here <> (SELECT count(*) FROM postings p WHERE p.entry_id = n.entry_id)
    ) THEN
      RAISE EXCEPTION 'an entry was posted already' USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_is_whole';
    END IF;
    PERFORM 1 FROM accounts WHERE id IN (SELECT account_id FROM added) ORDER BY id FOR NO KEY UPDATE;
    UPDATE accounts a SET balance_minor = a.balance_minor + d.delta
    FROM (
      SELECT p.account_id,
        sum(CASE WHEN (p.side = 'credit') = credit_normal(b.kind) THEN p.amount_minor ELSE -p.amount_minor END) AS delta
      FROM added p JOIN accounts b ON b.id = p.account_id GROUP BY p.account_id
    ) d
    WHERE a.id = d.account_id;
    RETURN NULL;
  END $$;`;

/** As first built; `0018-ledger-speed` replaces it. */
export const POST_ENTRIES = `
  -- Posts entries given as [{id, event, key, transaction_id, digest, postings: [{owner, kind, asset, side, amount}]}]
  -- and answers the keys that were new. A known key with other content is an error, with the same content nothing.
  CREATE OR REPLACE FUNCTION post_entries(input jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
  DECLARE
    fresh text[];
  BEGIN
    WITH added AS (
      INSERT INTO entries (id, event, key, transaction_id, digest)
      SELECT e.id, e.event, e.key, e.transaction_id, e.digest
      FROM jsonb_to_recordset(input) AS e(id text, event text, key text, transaction_id text, digest text)
      ON CONFLICT (key) DO NOTHING
      RETURNING id
    )
    SELECT coalesce(array_agg(id), '{}') INTO fresh FROM added;
    -- Only now: the insert has waited for whoever was writing the same key.
    IF EXISTS (
      SELECT 1 FROM jsonb_to_recordset(input) AS e(key text, digest text)
      JOIN entries k ON k.key = e.key AND k.digest <> e.digest
    ) THEN
      RAISE EXCEPTION 'an entry key was used with other content'
        USING ERRCODE = 'unique_violation', CONSTRAINT = 'entry_key_content';
    END IF;
    INSERT INTO accounts (owner, kind, asset)
    SELECT DISTINCT p.owner, p.kind, p.asset
    FROM jsonb_to_recordset(input) AS e(id text, postings jsonb)
    CROSS JOIN LATERAL jsonb_to_recordset(e.postings) AS p(owner text, kind text, asset text)
    WHERE e.id = ANY (fresh) AND NOT EXISTS (
      SELECT 1 FROM accounts a WHERE a.owner = p.owner AND a.kind = p.kind AND a.asset = p.asset
    )
    ORDER BY 1, 2, 3
    ON CONFLICT DO NOTHING;
    INSERT INTO postings (entry_id, account_id, side, amount_minor)
    SELECT e.id, a.id, p.side, p.amount
    FROM jsonb_to_recordset(input) AS e(id text, postings jsonb)
    CROSS JOIN LATERAL jsonb_to_recordset(e.postings)
      AS p(owner text, kind text, asset text, side text, amount ${AMOUNT})
    JOIN accounts a ON a.owner = p.owner AND a.kind = p.kind AND a.asset = p.asset
    WHERE e.id = ANY (fresh);
    RETURN QUERY SELECT key FROM entries WHERE id = ANY (fresh);
  END $$;`;

export const ledger: Migration = {
  name: '0003-ledger',
  up: `
    CREATE TABLE accounts (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      owner text NOT NULL CHECK (owner = 'aura' OR owner LIKE 'rail:%' OR owner LIKE 'prn\\_%'),
      kind text NOT NULL CHECK (${oneOf('kind', kinds)}),
      asset ${ASSET} NOT NULL,
      -- In the kind's normal direction.
      balance_minor ${AMOUNT} NOT NULL DEFAULT 0,
      UNIQUE (owner, kind, asset),
      CONSTRAINT non_negative CHECK (NOT (${oneOf('kind', NON_NEGATIVE_KINDS)}) OR balance_minor >= 0)
    );

    CREATE TABLE entries (
      ${id('id', 'entry')} PRIMARY KEY,
      event text NOT NULL CHECK (${oneOf('event', LEDGER_EVENTS)}),
      key text NOT NULL UNIQUE,
      transaction_id text REFERENCES transactions,
      digest text NOT NULL,
      at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX entries_by_transaction ON entries (transaction_id);

    CREATE TABLE postings (
      seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      entry_id text NOT NULL REFERENCES entries,
      account_id bigint NOT NULL REFERENCES accounts,
      side text NOT NULL CHECK (${oneOf('side', ['debit', 'credit'])}),
      amount_minor ${AMOUNT} NOT NULL CHECK (amount_minor > 0)
    );
    CREATE INDEX postings_by_entry ON postings (entry_id);
    CREATE INDEX postings_by_account ON postings (account_id, seq);

    ${appendOnly('entries')}
    ${appendOnly('postings')}

    CREATE FUNCTION credit_normal(kind text) RETURNS boolean LANGUAGE sql IMMUTABLE AS
      $$ SELECT ${oneOf('kind', creditKinds)} $$;

    ${APPLY_POSTINGS}
    CREATE TRIGGER postings_apply AFTER INSERT ON postings
      REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION apply_postings();

    CREATE FUNCTION refuse_direct_balance() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'a balance changes only through postings'
          USING ERRCODE = 'check_violation', CONSTRAINT = 'balance_through_postings';
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER accounts_balance BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION refuse_direct_balance();
    CREATE TRIGGER accounts_first_balance BEFORE INSERT ON accounts
      FOR EACH ROW WHEN (NEW.balance_minor <> 0) EXECUTE FUNCTION refuse_direct_balance();
    CREATE TRIGGER accounts_keep BEFORE DELETE ON accounts FOR EACH ROW EXECUTE FUNCTION refuse_change();

    CREATE FUNCTION check_entry_posted() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NOT EXISTS (SELECT 1 FROM postings WHERE entry_id = NEW.id) THEN
        RAISE EXCEPTION 'entry % has no postings', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_posted';
      END IF;
      RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER entries_posted AFTER INSERT ON entries DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION check_entry_posted();

    ${POST_ENTRIES}
  `,
  down: `
    DROP FUNCTION post_entries(jsonb);
    DROP TABLE postings, entries, accounts;
    DROP FUNCTION apply_postings(), refuse_direct_balance(), check_entry_posted(), credit_normal(text);
  `,
};
