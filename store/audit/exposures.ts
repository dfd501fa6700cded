import { TERMINAL_MARKET_STATES } from '../../domain/lifecycle';
import { sqlLaw } from './law';

const ENDED = `s.market_state IN (${TERMINAL_MARKET_STATES.map((state) => `'${state}'`).join(', ')})`;
/** A deal that was completed once took its exposure back for good, and one in dispute whose payment was declined too. */
const RELEASABLE = `(${ENDED} OR t.clearing_state = 'declined' OR EXISTS (
    SELECT 1 FROM state_history h WHERE h.session_id = s.id AND h.to_state = 'completed'))`;

export const exposures = sqlLaw({
  name: 'exposures-end-with-deals',
  says: 'the exposure of a deal is released exactly when the deal is over',
  checked: 'SELECT count(*) FROM exposures',
  broken: `
    SELECT x.transaction_id AS subject, 'the ' || x.role || '''s exposure is '
      || CASE WHEN x.released_at IS NULL THEN 'held' ELSE 'released' END || ' at ' || s.market_state || '/'
      || coalesce(t.clearing_state, '-') AS detail
    FROM exposures x JOIN transactions t ON t.id = x.transaction_id JOIN sessions s ON s.id = t.session_id
    WHERE CASE WHEN x.released_at IS NULL THEN ${ENDED} ELSE NOT ${RELEASABLE} END
    UNION ALL
    SELECT t.id, 'has ' || count(x.role) || ' exposures' FROM transactions t
    LEFT JOIN exposures x ON x.transaction_id = t.id GROUP BY t.id HAVING count(x.role) <> 2`,
});
