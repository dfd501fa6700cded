import type { Migration } from '.';
import { id } from './sql';

export const confirmations: Migration = {
  name: '0012-confirmations',
  up: `
    -- What a merchant was asked to confirm before a commit, and what it answered. Written before the transaction is.
    CREATE TABLE order_confirmations (
      ${id('transaction_id', 'transaction')} PRIMARY KEY,
      -- The question's own id: the same for every attempt to get an answer to it.
      ${id('event_id', 'event')} NOT NULL UNIQUE,
      session_id text NOT NULL REFERENCES sessions,
      offer_id text NOT NULL REFERENCES offers,
      beacon_id text NOT NULL REFERENCES agents,
      asked_at timestamptz NOT NULL,
      -- Until when the merchant keeps the goods without hearing of the deal.
      hold_until timestamptz NOT NULL CHECK (hold_until > asked_at),
      answered_at timestamptz,
      merchant_order_id text CHECK (length(merchant_order_id) BETWEEN 1 AND 100),
      -- Why it declined, in its own words.
      refusal text CHECK (length(refusal) BETWEEN 1 AND 200),
      -- When it was told that the deal did not come about.
      released_at timestamptz,
      CHECK (answered_at IS NOT NULL OR (merchant_order_id IS NULL AND refusal IS NULL)),
      CHECK (refusal IS NULL OR (merchant_order_id IS NULL AND released_at IS NULL))
    );

    -- One question about an offer at a time. A holder that died loses its turn when the time is over.
    CREATE TABLE order_turns (
      offer_id text PRIMARY KEY REFERENCES offers,
      holder text NOT NULL,
      until timestamptz NOT NULL
    );

    -- In the canceller's words; shown to nobody else but operators.
    ALTER TABLE cancellations ADD COLUMN comments text CHECK (length(comments) <= 2000);
  `,
  down: `
    ALTER TABLE cancellations DROP COLUMN comments;
    DROP TABLE order_turns, order_confirmations;
  `,
};
