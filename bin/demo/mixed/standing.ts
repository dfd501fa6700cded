/** Where the deals of a mixed run stand, and whether they may stay there. */
import type { DisputeReason, DisputeSide } from '../../../domain/clearing/disputes';
import { TERMINAL_MARKET_STATES, type MarketState } from '../../../domain/lifecycle';
import { rows, type Queryable } from '../../../store/db';

export interface Standing {
  id: string;
  rail: string;
  market: MarketState;
  clearing: string | null;
  delivered: boolean;
  /** Where the payer has to confirm something. */
  actionUrl: string | null;
  dispute: { id: string; status: string; side: DisputeSide; reason: DisputeReason } | null;
  pendingRefunds: number;
  pendingPayouts: number;
  /** What is done about its payments that are stuck. */
  doing: string[];
  openBreaks: number;
}

/** Every deal of the database, or those that are named. */
export function standings(db: Queryable, ids?: readonly string[]): Promise<Standing[]> {
  return rows<Standing>(
    db,
    `SELECT t.id, t.rail, s.market_state AS market, t.clearing_state AS clearing,
       EXISTS (SELECT 1 FROM fulfilments f WHERE f.transaction_id = t.id AND f.status = 'delivered') AS delivered,
       (SELECT i.action->>'url' FROM instructions i WHERE i.transaction_id = t.id AND i.action IS NOT NULL
        ORDER BY i.id DESC LIMIT 1) AS "actionUrl",
       (SELECT jsonb_build_object('id', d.id, 'status', d.status, 'side', d.side, 'reason', d.reason) FROM disputes d
        WHERE d.transaction_id = t.id AND d.closed_at IS NULL) AS dispute,
       (SELECT count(*)::int FROM refunds r WHERE r.transaction_id = t.id AND r.status = 'pending') AS "pendingRefunds",
       (SELECT count(*)::int FROM payables b JOIN payouts o ON o.id = b.payout_id
        WHERE b.transaction_id = t.id AND o.status = 'pending') AS "pendingPayouts",
       ARRAY(SELECT e.doing FROM exceptions e WHERE e.status = 'open' AND (e.transaction_id = t.id OR e.subject_id IN (
         SELECT b.payout_id FROM payables b WHERE b.transaction_id = t.id))) AS doing,
       (SELECT count(*)::int FROM breaks b LEFT JOIN instructions i ON i.id = b.instruction_id
        WHERE b.status = 'open' AND i.transaction_id = t.id) AS "openBreaks"
     FROM transactions t JOIN sessions s ON s.id = t.session_id
     WHERE :ids::text[] IS NULL OR t.id = ANY(:ids) ORDER BY t.id`,
    { ids: ids ? [...ids] : null },
  );
}

/**
 * Whether a deal may stay as it is: over with everything paid; stuck where the policy leaves it to an operator; or
 * waiting for a line of the statement that an open break tells of. Undefined where it may, else what it waits for.
 */
export function unrestOf(standing: Standing): string | undefined {
  const { market, clearing, doing, pendingRefunds, pendingPayouts, openBreaks, dispute } = standing;
  const state = `${market}/${clearing ?? '-'}`;
  if (doing.length > 0) {
    return doing.every((step) => step === 'operator') ? undefined : `${state}: ${doing.join(', ')}`;
  }
  if (pendingRefunds > 0) return `${state}: a refund is on its way`;
  if (pendingPayouts > 0) return `${state}: a payout is on its way`;
  if (TERMINAL_MARKET_STATES.includes(market)) return undefined;
  if (dispute) return `${state}: dispute ${dispute.status}`;
  if (clearing === 'settled' && openBreaks > 0) return undefined;
  return `${state}: nothing says why`;
}
