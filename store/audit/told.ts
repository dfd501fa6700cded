import type { EventType } from '../../domain/events';
import type { TransitionId } from '../../domain/lifecycle';
import { sqlLaw } from './law';

/**
 * The event that always goes with a transition. X2 and X3 have none of their own where a payment is resubmitted or given
 * up at once; T1 is told of when the last of its moves is made.
 */
export const TOLD_BY: Readonly<Partial<Record<TransitionId, EventType>>> = {
  T1: 'session.interpreted',
  T2: 'session.offers_ranked',
  T3: 'session.committed',
  T4: 'session.failed',
  T5: 'transaction.cancelled',
  T6: 'transaction.fulfilled',
  T7: 'dispute.opened',
  T8: 'transaction.completed',
  T9: 'session.expired',
  T10: 'session.cancelled',
  T11: 'session.cancelled',
  T12: 'session.expired',
  T13: 'dispute.opened',
  T14: 'dispute.resolved',
  T15: 'dispute.opened',
  T16: 'transaction.cancelled',
  T17: 'transaction.completed',
  T18: 'transaction.risk_assessed',
  T19: 'transaction.authorized',
  T20: 'transaction.settling',
  T21: 'transaction.settled',
  T22: 'transaction.cleared',
  X1: 'transaction.declined',
  X4: 'transaction.declined',
  X5: 'transaction.reversed',
  X6: 'transaction.refunded',
  X7: 'transaction.settled',
};

const PAIRS = Object.entries(TOLD_BY)
  .map(([transition, type]) => `('${transition}', '${type}')`)
  .join(', ');

/**
 * An audit record is found by the database transaction that wrote it together with the step, which `xmin` names. A
 * history that was loaded from a dump has one `xmin` for all of it: there a record of the same minute counts. Events
 * change when they are published, so they are counted.
 */
export const told = sqlLaw({
  name: 'transitions-are-told',
  says: 'every transition has its audit record of the same transaction, and its event in the outbox',
  checked: 'SELECT count(*) FROM state_history',
  broken: `
    SELECT h.session_id AS subject, h.key || ' has no audit record' AS detail
    FROM state_history h LEFT JOIN (
      SELECT xmin::text AS load FROM state_history GROUP BY 1 HAVING max(at) - min(at) > interval '1 minute'
    ) d ON d.load = h.xmin::text
    WHERE NOT EXISTS (
      SELECT 1 FROM audit a WHERE a.subject IN (h.session_id, h.transaction_id)
        AND (a.xmin = h.xmin OR d.load IS NOT NULL AND a.at BETWEEN h.at - interval '1 minute' AND h.at))
    UNION ALL
    SELECT d.session_id, d.due || ' ' || d.type || ' due, ' || count(o.seq) || ' in the outbox'
    FROM (
      SELECT h.session_id, m.type, count(*) AS due
      FROM state_history h JOIN (VALUES ${PAIRS}) AS m(transition, type) ON m.transition = h.transition
      WHERE h.transition <> 'T1' OR h.to_state = 'collecting_offers' GROUP BY 1, 2
    ) d LEFT JOIN outbox o ON o.correlation_id = d.session_id AND o.type = d.type
    GROUP BY d.session_id, d.type, d.due HAVING count(o.seq) < d.due`,
});
