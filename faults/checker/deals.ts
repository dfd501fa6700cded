/** Deals: what clients were told stands, none is stuck, and each came along the table's moves. */
import { TABLE_ROWS } from '../../domain/lifecycle';
import { sqlCheck, type Check, type Finding, type LogLine } from './sources';

export const commitsArePresent: Check = {
  name: 'commits-are-present',
  says: 'every commit that a client was told of is there, as it was told',
  async run({ sql, log }) {
    const told = log.filter(({ what }) => what === 'commit_acknowledged');
    const stored = await sql.query<{ id: string; session: string; offer: string; total: string }>(
      `SELECT id, session_id AS session, offer_id AS offer, to_char(total_minor / 100.0, 'FM999999999990.00') AS total
       FROM transactions`,
    );
    const byId = new Map(stored.map((row) => [row.id, row]));
    return told.flatMap((line): Finding[] => {
      const { transactionId, sessionId, offerId, total } = line;
      const found = byId.get(transactionId ?? '');
      const finding = (detail: string): Finding => ({
        check: 'commits-are-present',
        harm: 'lost',
        subject: transactionId ?? '',
        detail,
      });
      if (!found) return [finding('was acknowledged and is not there')];
      if (found.session !== sessionId || found.offer !== offerId || found.total !== total)
        return [finding('is there, and not as it was acknowledged')];
      return [];
    });
  },
};

const ACTS: Readonly<Record<string, string>> = {
  deliver: `SELECT transaction_id AS id FROM fulfilments WHERE status = 'delivered'`,
  cancel: `SELECT transaction_id AS id FROM cancellations`,
  refund: `SELECT transaction_id AS id FROM refunds WHERE cause = 'voluntary'`,
  dispute: `SELECT transaction_id AS id FROM disputes WHERE side = 'buyer'`,
};

export const actsArePresent: Check = {
  name: 'acts-are-present',
  says: 'every delivery, cancellation, refund and dispute that a client was told of is there',
  async run({ sql, log }) {
    const findings: Finding[] = [];
    for (const [act, query] of Object.entries(ACTS)) {
      const present = new Set((await sql.query<{ id: string }>(query)).map(({ id }) => id));
      const missing = (line: LogLine) =>
        line.what === 'acknowledged' && line.act === act && !present.has(line.transactionId ?? '');
      for (const { transactionId } of log.filter(missing))
        findings.push({
          check: 'acts-are-present',
          harm: 'lost',
          subject: transactionId ?? '',
          detail: `its ${act} was acknowledged and is not there`,
        });
    }
    return findings;
  },
};

export const noneIsStuck = sqlCheck({
  name: 'none-is-stuck',
  says: 'every deal has ended, and no payment, refund, payout or dispute is under way',
  harm: 'stuck',
  broken: `
    SELECT t.id AS subject, 'is ' || s.market_state || '/' || coalesce(t.clearing_state, '-') AS detail
    FROM transactions t JOIN sessions s ON s.id = t.session_id
    WHERE s.market_state NOT IN ('completed', 'cancelled', 'failed', 'expired')
      OR (s.market_state = 'completed' AND t.clearing_state NOT IN ('cleared', 'refunded', 'reversed'))
    UNION ALL SELECT transaction_id, 'its refund ' || id || ' is under way' FROM refunds WHERE status = 'pending'
    UNION ALL SELECT id, 'is a payout under way' FROM payouts WHERE status = 'pending'
    -- A debt of the seller's takes what is free before any payout does.
    UNION ALL SELECT coalesce(p.transaction_id, p.request_id),
        'owes its seller ' || p.amount_minor || ' that no payout takes, of a balance of ' || a.balance_minor
      FROM payables p JOIN accounts a ON a.owner = p.principal_id AND a.kind = 'collateral' AND a.asset = p.asset
      WHERE p.payout_id IS NULL AND a.balance_minor > 0 AND NOT EXISTS (SELECT 1 FROM recoveries r
        WHERE r.principal_id = p.principal_id AND r.asset = p.asset AND r.status = 'called')
    UNION ALL SELECT transaction_id, 'its dispute ' || id || ' is open' FROM disputes WHERE closed_at IS NULL
    UNION ALL SELECT coalesce(transaction_id, subject_id), 'its exception ' || id || ' is open: ' || cause
      FROM exceptions WHERE status = 'open'
    UNION ALL SELECT instruction_id, 'a notice about it was never judged' FROM rail_notices WHERE accepted IS NULL
    UNION ALL SELECT id, 'was asked for by nobody but is ' || market_state || ' for over five minutes' FROM sessions
      WHERE market_state IN ('created', 'interpreting', 'discovering', 'collecting_offers')
        AND created_at < now() - interval '5 minutes'`,
});

/** Longer than any outage of a run, and than what whoever waits for a rail's word may wait. */
const STANDSTILL = '5 minutes';

export const noneStoodStill = sqlCheck({
  name: 'none-stood-still',
  says: `no payment stayed for ${STANDSTILL} where only the clearinghouse or its rail could move it`,
  harm: 'stuck',
  broken: `
    SELECT transaction_id AS subject, 'was ' || to_state || ' for ' || date_trunc('second', until - at) AS detail
    FROM (SELECT transaction_id, to_state, at, lead(at) OVER (PARTITION BY transaction_id ORDER BY seq) AS until
          FROM state_history WHERE region = 'clearing') stay
    WHERE to_state IN ('risk_assessed', 'authorized', 'settling', 'exception', 'settled')
      AND until - at > interval '${STANDSTILL}'`,
});

interface Step {
  session: string;
  region: 'market' | 'clearing';
  transition: string;
  from: string | null;
  to: string;
}

const guards = TABLE_ROWS.map(({ transition, region, from, to, whileOther }) => ({
  move: `${region} ${transition} ${from ?? '-'} ${to}`,
  whileOther,
}));

export const pathsAreLegal: Check = {
  name: 'paths-are-legal',
  says: "a deal's history is a path of the table's moves from its beginning to the state it is in",
  async run({ sql }) {
    const steps = await sql.query<Step>(
      `SELECT session_id AS session, region, transition, from_state AS "from", to_state AS "to"
       FROM state_history ORDER BY session_id, seq`,
    );
    const ends = await sql.query<{ session: string; market: string; clearing: string | null }>(
      `SELECT s.id AS session, s.market_state AS market, t.clearing_state AS clearing
       FROM sessions s LEFT JOIN transactions t ON t.session_id = s.id`,
    );
    const bySession = new Map<string, Step[]>();
    for (const step of steps) bySession.set(step.session, [...(bySession.get(step.session) ?? []), step]);
    return ends.flatMap(({ session, market, clearing }) => {
      const wrong = walk(bySession.get(session) ?? [], { market, clearing });
      if (wrong === undefined) return [];
      return [{ check: 'paths-are-legal', harm: 'audit' as const, subject: session, detail: wrong }];
    });
  },
};

/** Walks the steps and answers the first that is not one, or that the path ends elsewhere. */
function walk(steps: readonly Step[], end: { market: string; clearing: string | null }): string | undefined {
  const at: { market: string | null; clearing: string | null } = { market: 'created', clearing: null };
  for (const { region, transition, from, to } of steps) {
    if (at[region] !== from) return `${transition} leaves ${from ?? '-'}, and it was in ${at[region] ?? '-'}`;
    const move = `${region} ${transition} ${from ?? '-'} ${to}`;
    const other = region === 'market' ? at.clearing : at.market;
    const listed = guards.some(
      (row) =>
        row.move === move && (row.whileOther === null || row.whileOther.some((state) => state === other)),
    );
    if (!listed) return `${move} while ${other ?? '-'} is no move of the table`;
    at[region] = to;
  }
  if (at.market === end.market && at.clearing === end.clearing) return undefined;
  return `its steps lead to ${at.market ?? '-'}/${at.clearing ?? '-'}, and it is ${end.market}/${end.clearing ?? '-'}`;
}
