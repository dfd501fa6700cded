import { DEAL_ACCOUNT_KINDS } from '../../domain/ledger/accounts';
import { TERMINAL_MARKET_STATES } from '../../domain/lifecycle';
import { SIGNED, sqlLaw } from './law';

const list = (values: readonly string[]) => values.map((value) => `'${value}'`).join(', ');
const ENDED = `s.market_state IN (${list(TERMINAL_MARKET_STATES)})`;

/** A refund that is granted and not paid yet is the one thing that an ended deal may still owe. */
const DUE = `CASE a.kind WHEN 'refund_due' THEN coalesce((
    SELECT sum(r.amount_minor) FROM refunds r WHERE r.transaction_id = t.id AND r.status = 'pending'), 0) ELSE 0 END`;

export const endedDeals = sqlLaw({
  name: 'ended-deals-owe-nothing',
  says: 'an ended deal has nothing on obligation, entitlement and deferred fees, and owes the refunds under way only',
  checked: `SELECT count(*) FROM transactions t JOIN sessions s ON s.id = t.session_id WHERE ${ENDED}`,
  broken: `
    SELECT t.id AS subject, t.market || '/' || coalesce(t.clearing_state, '-') || ' has ' || t.sum || ' '
      || t.asset || ' on ' || t.kind || ', due ' || t.due AS detail
    FROM (
      SELECT t.id, s.market_state AS market, t.clearing_state, a.kind, a.asset, sum(${SIGNED}) AS sum, ${DUE} AS due
      FROM transactions t JOIN sessions s ON s.id = t.session_id JOIN entries e ON e.transaction_id = t.id
      JOIN postings p ON p.entry_id = e.id JOIN accounts a ON a.id = p.account_id
      WHERE ${ENDED} AND a.kind IN (${list(DEAL_ACCOUNT_KINDS)})
      GROUP BY t.id, s.market_state, t.clearing_state, a.owner, a.kind, a.asset
    ) t WHERE t.sum <> t.due`,
});
