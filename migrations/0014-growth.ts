import type { Migration } from '.';
import { DISPUTE_REASONS, DISPUTE_SIDES, lostBy, REMEDIES } from '../domain/clearing/disputes';

/** Which decision goes against whom. */
const LOSSES = DISPUTE_SIDES.flatMap((side) =>
  DISPUTE_REASONS.flatMap((reason) =>
    REMEDIES.flatMap((remedy) => {
      const loser = lostBy({ side, reason, remedy });
      return loser ? [`('${side}', '${reason}', '${remedy}', '${loser}')`] : [];
    }),
  ),
).join(', ');

const COUNTS = ['fulfilled', 'failed', 'disputed', 'lost_seller', 'lost_buyer'] as const;
const list = (of: (count: string) => string, by = ', ') => COUNTS.map(of).join(by);
/** States that count alike: a move within one of them changes nothing. */
const standing = (row: string) =>
  `(CASE WHEN ${row}.market_state IN ('fulfilled', 'completed', 'resolved') THEN 1
     WHEN ${row}.market_state = 'disputed' THEN 2 ELSE 0 END)`;

/** What grew with the number of stored deals: sums over a party's history, and reads that no index served. */
export const growth: Migration = {
  name: '0014-growth',
  up: `
    -- What a deal says of its parties, from where it stands and from the disputes about it.
    CREATE FUNCTION deal_outcome(deal text, ${list((count) => `OUT ${count} int`)}) LANGUAGE sql STABLE AS $$
      SELECT (s.market_state IN ('fulfilled', 'completed', 'resolved') AND NOT l.seller)::int,
        coalesce(s.failure->'details'->>'defaulter' = t.seller_principal_id, false)::int,
        (s.market_state = 'disputed')::int, l.seller::int, l.buyer::int
      FROM transactions t JOIN sessions s ON s.id = t.session_id CROSS JOIN LATERAL (
        SELECT coalesce(bool_or(x.loser = 'seller'), false) AS seller, coalesce(bool_or(x.loser = 'buyer'), false) AS buyer
        FROM disputes d JOIN (VALUES ${LOSSES}) AS x(side, reason, remedy, loser)
          ON x.side = d.side AND x.reason = d.reason AND x.remedy = d.remedy
        WHERE d.transaction_id = t.id AND d.decided_at IS NOT NULL
      ) l
      WHERE t.id = deal $$;

    -- What each deal has put into the sums.
    CREATE TABLE deal_outcomes (
      transaction_id text PRIMARY KEY REFERENCES transactions,
      ${list((count) => `${count} int NOT NULL`, ',\n      ')}
    );
    -- The sums: a reputation costs the same after a hundred thousand deals as after ten.
    CREATE TABLE deal_records (
      principal_id text PRIMARY KEY REFERENCES principals,
      fulfilled bigint NOT NULL DEFAULT 0 CHECK (fulfilled >= 0),
      failed bigint NOT NULL DEFAULT 0 CHECK (failed >= 0),
      disputed bigint NOT NULL DEFAULT 0 CHECK (disputed >= 0),
      -- As seller or as buyer.
      lost bigint NOT NULL DEFAULT 0 CHECK (lost >= 0)
    );

    CREATE FUNCTION count_deal(deal text) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
      was deal_outcomes;
      found_now record;
      change record;
    BEGIN
      SELECT * INTO found_now FROM deal_outcome(deal);
      SELECT * INTO was FROM deal_outcomes WHERE transaction_id = deal;
      IF was.transaction_id IS NULL THEN
        SELECT deal, 0, 0, 0, 0, 0 INTO was;
      END IF;
      IF (${list((count) => `found_now.${count}`)}) IS NOT DISTINCT FROM (${list((count) => `was.${count}`)}) THEN
        RETURN;
      END IF;
      INSERT INTO deal_outcomes VALUES (deal, ${list((count) => `found_now.${count}`)})
      ON CONFLICT (transaction_id) DO UPDATE SET ${list((count) => `${count} = EXCLUDED.${count}`)};
      FOR change IN
        SELECT p.* FROM transactions t CROSS JOIN LATERAL (VALUES
          (t.seller_principal_id, found_now.fulfilled - was.fulfilled, found_now.failed - was.failed,
            found_now.disputed - was.disputed, found_now.lost_seller - was.lost_seller),
          (t.buyer_principal_id, 0, 0, 0, found_now.lost_buyer - was.lost_buyer)
        ) p(principal, fulfilled, failed, disputed, lost)
        WHERE t.id = deal AND (p.fulfilled, p.failed, p.disputed, p.lost) <> (0, 0, 0, 0) ORDER BY p.principal
      LOOP
        INSERT INTO deal_records (principal_id) VALUES (change.principal) ON CONFLICT DO NOTHING;
        UPDATE deal_records r SET fulfilled = r.fulfilled + change.fulfilled, failed = r.failed + change.failed,
          disputed = r.disputed + change.disputed, lost = r.lost + change.lost
        WHERE r.principal_id = change.principal;
      END LOOP;
    END $$;

    CREATE FUNCTION count_deal_of_session() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM count_deal(t.id) FROM transactions t WHERE t.session_id = NEW.id;
      RETURN NULL;
    END $$;
    CREATE FUNCTION count_deal_of_dispute() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM count_deal(NEW.transaction_id);
      RETURN NULL;
    END $$;
    -- At the end of a transaction, so that a seller's sum is locked for a moment only and always last.
    CREATE CONSTRAINT TRIGGER sessions_counted AFTER UPDATE ON sessions DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
      WHEN (${standing('OLD')} <> ${standing('NEW')} OR OLD.failure IS DISTINCT FROM NEW.failure)
      EXECUTE FUNCTION count_deal_of_session();
    CREATE CONSTRAINT TRIGGER disputes_counted AFTER INSERT OR UPDATE ON disputes DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW WHEN (NEW.decided_at IS NOT NULL) EXECUTE FUNCTION count_deal_of_dispute();

    INSERT INTO deal_outcomes
    SELECT t.id, ${list((count) => `o.${count}`)} FROM transactions t CROSS JOIN LATERAL deal_outcome(t.id) o
    WHERE (${list((count) => `o.${count}`)}) <> (0, 0, 0, 0, 0);
    INSERT INTO deal_records
    SELECT p.principal, sum(p.fulfilled), sum(p.failed), sum(p.disputed), sum(p.lost)
    FROM deal_outcomes o JOIN transactions t ON t.id = o.transaction_id CROSS JOIN LATERAL (VALUES
      (t.seller_principal_id, o.fulfilled, o.failed, o.disputed, o.lost_seller),
      (t.buyer_principal_id, 0, 0, 0, o.lost_buyer)
    ) p(principal, fulfilled, failed, disputed, lost)
    GROUP BY 1;

    -- A pair's newest deals first.
    DROP INDEX transactions_by_pair;
    CREATE INDEX transactions_by_pair ON transactions (buyer_principal_id, seller_principal_id, created_at);
    CREATE INDEX transactions_by_delegation ON transactions (delegation_id) WHERE delegation_id IS NOT NULL;
    CREATE INDEX transactions_awaiting_margin ON transactions (id) WHERE clearing_state = 'risk_assessed';
    CREATE INDEX sessions_in_dispute ON sessions (principal_id) WHERE market_state = 'disputed';
    CREATE INDEX exposures_open_by_principal ON exposures (principal_id) WHERE released_at IS NULL;
    CREATE INDEX instructions_astray ON instructions (rail, id) WHERE status = 'nonconforming';
    DROP INDEX payouts_by_principal;
    CREATE INDEX payouts_by_principal ON payouts (principal_id, id);
  `,
  down: `
    DROP INDEX payouts_by_principal;
    CREATE INDEX payouts_by_principal ON payouts (principal_id);
    DROP INDEX instructions_astray, exposures_open_by_principal, sessions_in_dispute, transactions_awaiting_margin, transactions_by_delegation,
      transactions_by_pair;
    CREATE INDEX transactions_by_pair ON transactions (buyer_principal_id, seller_principal_id);
    DROP TRIGGER sessions_counted ON sessions;
    DROP TRIGGER disputes_counted ON disputes;
    DROP FUNCTION count_deal_of_session(), count_deal_of_dispute(), count_deal(text);
    DROP TABLE deal_outcomes, deal_records;
    DROP FUNCTION deal_outcome(text);
  `,
};
