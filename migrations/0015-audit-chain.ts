import type { Migration } from '.';

/**
 * The audit records of each subject are a chain: each has a number, and a hash over itself and the hash before. The
 * chain's end is kept apart, so that a record that was changed, left out, or cut off at the end is found. A chain's
 * writers wait for each other, so there is one for each subject and none for all: whoever writes about a deal holds the
 * deal's row anyway.
 */
export const auditChain: Migration = {
  name: '0015-audit-chain',
  up: `
    -- Often changed and never in its key: room on the page keeps that cheap.
    CREATE TABLE audit_heads (
      subject text PRIMARY KEY,
      position bigint NOT NULL,
      hash text NOT NULL
    ) WITH (fillfactor = 70);

    ALTER TABLE audit ADD COLUMN position bigint, ADD COLUMN hash text;

    -- With its length in bytes, so that no two records have the same text.
    CREATE FUNCTION audit_member(member text) RETURNS text LANGUAGE sql IMMUTABLE AS
      $$ SELECT octet_length(member) || ':' || member $$;
    CREATE FUNCTION audit_seal(previous text, record audit) RETURNS text LANGUAGE sql STABLE AS $$
      SELECT encode(sha256(convert_to(
        audit_member(coalesce(previous, '')) || audit_member(record.id)
        || audit_member((extract(epoch FROM record.at) * 1000000)::bigint::text) || audit_member(record.actor)
        || audit_member(record.action) || audit_member(record.subject) || audit_member(record.detail::text),
        'UTF8')), 'hex')
    $$;

    -- The upsert takes the chain's lock, reads its end and moves it on.
    CREATE FUNCTION chain_audit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO audit_heads AS h (subject, position, hash) VALUES (NEW.subject, 1, audit_seal(NULL, NEW))
        ON CONFLICT (subject) DO UPDATE SET position = h.position + 1, hash = audit_seal(h.hash, NEW)
        RETURNING position, hash INTO NEW.position, NEW.hash;
      RETURN NEW;
    END $$;

    -- What was written before gets its chain now, in the order in which it was written.
    ALTER TABLE audit DISABLE TRIGGER audit_append_only;
    DO $$
    DECLARE
      written audit;
      head audit_heads;
    BEGIN
      FOR written IN SELECT * FROM audit ORDER BY subject, at, id LOOP
        INSERT INTO audit_heads AS h (subject, position, hash)
          VALUES (written.subject, 1, audit_seal(NULL, written))
          ON CONFLICT (subject) DO UPDATE SET position = h.position + 1, hash = audit_seal(h.hash, written)
          RETURNING * INTO head;
        UPDATE audit SET position = head.position, hash = head.hash WHERE id = written.id;
      END LOOP;
    END $$;
    ALTER TABLE audit ENABLE TRIGGER audit_append_only;

    ALTER TABLE audit ALTER COLUMN position SET NOT NULL, ALTER COLUMN hash SET NOT NULL,
      ADD UNIQUE (subject, position);
    CREATE TRIGGER audit_chain BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION chain_audit();
  `,
  down: `
    DROP TRIGGER audit_chain ON audit;
    DROP FUNCTION chain_audit(), audit_seal(text, audit), audit_member(text);
    ALTER TABLE audit DROP COLUMN position, DROP COLUMN hash;
    DROP TABLE audit_heads;
  `,
};
