/** What a mixed run came to, counted and shown. */
import { rows, type Queryable } from '../../../store/db';
import { heading, table, type Say } from '../print';
import type { Standing } from './standing';

interface Group {
  what: string;
  rail: string;
  count: number;
}

/** Prints deals, failures, exceptions and breaks by rail, and answers the totals. */
export async function showOutcomes(
  say: Say,
  db: Queryable,
  standing: readonly Standing[],
): Promise<Record<string, number>> {
  const exceptions = await rows<Group>(
    db,
    `SELECT cause || ', ' || status || CASE status WHEN 'open' THEN ' (' || doing || ')' ELSE '' END AS what, rail,
       count(*)::int AS count FROM exceptions GROUP BY 1, 2`,
  );
  const breaks = await rows<Group>(
    db,
    `SELECT kind || ', ' || coalesce('resolved: ' || resolution, 'open') AS what, rail, count(*)::int AS count
     FROM breaks GROUP BY 1, 2`,
  );
  const notices = await rows<Group>(
    db,
    `SELECT kind || ': ' || coalesce(effect, 'not judged') AS what, rail, count(*)::int AS count
     FROM rail_notices WHERE accepted IS NOT FALSE GROUP BY 1, 2`,
  );
  const failures = await rows<Group>(
    db,
    `SELECT left(coalesce(s.failure->'details'->>'cause', s.failure->>'message', s.failure->>'code'), 60) AS what, t.rail,
       count(*)::int AS count
     FROM sessions s JOIN transactions t ON t.session_id = s.id WHERE s.market_state = 'failed' GROUP BY 1, 2`,
  );
  const deals = standing.map(({ rail, market, clearing }) => ({
    what: `${market}/${clearing ?? '-'}`,
    rail,
    count: 1,
  }));
  heading(say, 'Deals by state and rail');
  say(grid('market/clearing', deals));
  heading(say, 'Failed deals by reason and rail');
  say(grid('reason', failures));
  heading(say, 'Exceptions by cause and rail');
  say(grid('cause, status', exceptions));
  heading(say, 'Breaks by kind and rail');
  say(grid('kind, status', breaks));
  heading(say, 'Notices of the rails');
  say(grid('kind: effect', notices));
  const total = (groups: readonly Group[], part = '') =>
    groups.filter(({ what }) => what.includes(part)).reduce((sum, { count }) => sum + count, 0);
  return {
    completed: total(deals, 'completed/'),
    cancelled: total(deals, 'cancelled/'),
    failed: total(deals, 'failed/'),
    exceptions: total(exceptions),
    exceptionsResolved: total(exceptions, ', resolved'),
    breaks: total(breaks),
    breaksOpen: total(breaks, ', open'),
    notices: total(notices),
  };
}

/** Rows of what, columns of rails, and sums of both. */
function grid(head: string, groups: readonly Group[]): string {
  const rails = [...new Set(groups.map(({ rail }) => rail))].sort();
  const names = [...new Set(groups.map(({ what }) => what))].sort();
  const sum = (test: (group: Group) => boolean) =>
    groups.filter(test).reduce((all, { count }) => all + count, 0);
  const lines = names.map((name) => [
    name,
    ...rails.map((rail) => sum(({ what, rail: of }) => what === name && of === rail) || '·'),
    sum(({ what }) => what === name),
  ]);
  const last = ['all', ...rails.map((rail) => sum(({ rail: of }) => of === rail)), sum(() => true)];
  return table(
    [head, ...rails, 'all'],
    [...lines, last],
    Array.from({ length: rails.length + 1 }, (_, index) => index + 1),
  );
}
