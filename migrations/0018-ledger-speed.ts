import type { Migration } from '.';
import { APPLY_POSTINGS, POST_ENTRIES } from './0003-ledger';
import { postingPlans } from './0017-posting-plans';
import { AMOUNT } from './sql';

/**
 * One look at a statement's postings in place of four, and one at what an entry asks for in place of three. The references
 * of postings are checked in that look: accounts and entries never go, so that nothing has to be locked for it, and
 * accounts that many entries share are not written to by everybody who refers to them.
 */
const APPLY_AT_ONCE = `
  -- An entry's postings come in one statement and balance per asset. Balances are changed in the order of the accounts'
  -- ids, so that concurrent entries cannot wait for each other in a circle.
  CREATE OR REPLACE FUNCTION apply_postings() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    part record;
    ids text[] := '{}';
    known boolean;
    whole boolean;
  BEGIN
    FOR part IN
      SELECT p.entry_id, a.asset, p.account_id,
        sum(CASE p.side WHEN 'debit' THEN p.amount_minor ELSE -p.amount_minor END) AS debited,
        sum(CASE WHEN (p.side = 'credit') = credit_normal(a.kind) THEN p.amount_minor ELSE -p.amount_minor END) AS delta
      FROM added p LEFT JOIN accounts a ON a.id = p.account_id
      GROUP BY GROUPING SETS ((p.entry_id, a.asset), (p.account_id))
      ORDER BY p.account_id NULLS FIRST, a.asset NULLS FIRST
    LOOP
      IF part.account_id IS NOT NULL THEN
        UPDATE accounts SET balance_minor = balance_minor + part.delta WHERE id = part.account_id;
      ELSIF part.asset IS NULL THEN
        RAISE EXCEPTION 'a posting to an account that is none'
          USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'postings_account_id_fkey';
      ELSIF part.debited <> 0 THEN
        RAISE EXCEPTION 'an entry does not balance' USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_balances';
      ELSE
        ids := ids || part.entry_id;
      END IF;
    END LOOP;
    SELECT (SELECT count(*) FROM entries e WHERE e.id = ANY (ids)) = count(DISTINCT p.entry_id),
      (SELECT count(*) FROM postings o WHERE o.entry_id = ANY (ids)) = count(*)
    INTO known, whole FROM added p;
    IF NOT known THEN
      RAISE EXCEPTION 'a posting of an entry that is none'
        USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'postings_entry_id_fkey';
    END IF;
    IF NOT whole THEN
      RAISE EXCEPTION 'an entry was posted already' USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_is_whole';
    END IF;
    RETURN NULL;
  END $$;`;

const POST_AT_ONCE = `
  -- Posts entries given as [{id, event, key, transaction_id, digest, postings: [{owner, kind, asset, side, amount}]}]
  -- and answers the keys that were new. A known key with other content is an error, with the same content nothing.
  CREATE OR REPLACE FUNCTION post_entries(input jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
  DECLARE
    fresh text[];
    keys text[];
    line_entries text[];
    line_accounts bigint[];
    line_sides text[];
    line_amounts numeric[];
  BEGIN
    WITH added AS (
      INSERT INTO entries (id, event, key, transaction_id, digest)
      SELECT e.id, e.event, e.key, e.transaction_id, e.digest
      FROM jsonb_to_recordset(input) AS e(id text, event text, key text, transaction_id text, digest text)
      ON CONFLICT (key) DO NOTHING
      RETURNING id, key
    )
    SELECT coalesce(array_agg(a.id), '{}'), coalesce(array_agg(a.key), '{}') INTO fresh, keys FROM added a;
    -- Only now: the insert has waited for whoever was writing the same key.
    IF cardinality(fresh) < jsonb_array_length(input) AND EXISTS (
      SELECT 1 FROM jsonb_to_recordset(input) AS e(key text, digest text)
      JOIN entries k ON k.key = e.key AND k.digest <> e.digest
    ) THEN
      RAISE EXCEPTION 'an entry key was used with other content'
        USING ERRCODE = 'unique_violation', CONSTRAINT = 'entry_key_content';
    END IF;
    LOOP
      SELECT array_agg(e.id), array_agg(a.id), array_agg(p.side), array_agg(p.amount)
      INTO line_entries, line_accounts, line_sides, line_amounts
      FROM jsonb_to_recordset(input) AS e(id text, postings jsonb)
      CROSS JOIN LATERAL jsonb_to_recordset(e.postings)
        AS p(owner text, kind text, asset text, side text, amount ${AMOUNT})
      LEFT JOIN accounts a ON a.owner = p.owner AND a.kind = p.kind AND a.asset = p.asset
      WHERE e.id = ANY (fresh);
      EXIT WHEN line_accounts IS NULL OR array_position(line_accounts, NULL) IS NULL;
      INSERT INTO accounts (owner, kind, asset)
      SELECT DISTINCT p.owner, p.kind, p.asset
      FROM jsonb_to_recordset(input) AS e(id text, postings jsonb)
      CROSS JOIN LATERAL jsonb_to_recordset(e.postings) AS p(owner text, kind text, asset text)
      WHERE e.id = ANY (fresh)
      ORDER BY 1, 2, 3
      ON CONFLICT DO NOTHING;
    END LOOP;
    INSERT INTO postings (entry_id, account_id, side, amount_minor)
    SELECT * FROM unnest(line_entries, line_accounts, line_sides, line_amounts);
    RETURN QUERY SELECT unnest(keys);
  END $$;`;

export const ledgerSpeed: Migration = {
  name: '0018-ledger-speed',
  up: `
    ${APPLY_AT_ONCE}
    ${POST_AT_ONCE}
    -- A function that is replaced forgets its settings. Its statements are planned once: with values known they would
    -- look a little better each time, and be planned again each time.
    ${postingPlans.up}
    ALTER FUNCTION post_entries(jsonb) SET plan_cache_mode = force_generic_plan;
    ALTER FUNCTION apply_postings() SET plan_cache_mode = force_generic_plan;
    ALTER TABLE postings DROP CONSTRAINT postings_entry_id_fkey, DROP CONSTRAINT postings_account_id_fkey;
    -- What the references did not let happen.
    CREATE TRIGGER accounts_no_truncate BEFORE TRUNCATE ON accounts
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
    -- An account's postings in their order are the key; nobody asks for a posting by its number alone.
    ALTER TABLE postings DROP CONSTRAINT postings_pkey;
    DROP INDEX postings_by_account;
    ALTER TABLE postings ADD PRIMARY KEY (account_id, seq);
    DROP INDEX entries_by_transaction;
    CREATE INDEX entries_by_transaction ON entries (transaction_id) WHERE transaction_id IS NOT NULL;
    -- Asked before the function is called, and not within it.
    DROP TRIGGER accounts_balance ON accounts;
    CREATE TRIGGER accounts_balance BEFORE UPDATE ON accounts
      FOR EACH ROW WHEN (pg_trigger_depth() < 1) EXECUTE FUNCTION refuse_direct_balance();
    -- Room on each page for the next versions of its accounts: a balance changes without a new entry in an index.
    ALTER TABLE accounts SET (fillfactor = 50);
  `,
  down: `
    ALTER TABLE accounts RESET (fillfactor);
    DROP TRIGGER accounts_balance ON accounts;
    CREATE TRIGGER accounts_balance BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION refuse_direct_balance();
    DROP INDEX entries_by_transaction;
    CREATE INDEX entries_by_transaction ON entries (transaction_id);
    ALTER TABLE postings DROP CONSTRAINT postings_pkey;
    CREATE INDEX postings_by_account ON postings (account_id, seq);
    ALTER TABLE postings ADD PRIMARY KEY (seq);
    DROP TRIGGER accounts_no_truncate ON accounts;
    ALTER TABLE postings ADD CONSTRAINT postings_entry_id_fkey FOREIGN KEY (entry_id) REFERENCES entries,
      ADD CONSTRAINT postings_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts;
    ${APPLY_POSTINGS}
    ${POST_ENTRIES}
    ${postingPlans.up}
  `,
};
