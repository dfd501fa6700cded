/** Matches as they are kept: once a line, once a movement. Who matches holds the rows of both. */
import type { Entry } from '../../domain/ledger/postings';
import { lineEntries, type ShortageAccount } from '../../domain/reconciliation/entries';
import type { Findings, MatchedMovement } from '../../domain/reconciliation/matching';
import { movementKey, type FoundMatch, type Movement } from '../../domain/reconciliation/model';
import type { RailName } from '../../domain/settlement';
import { rows, type Trx } from '../db';
import { postEntries } from '../ledger';
import { clearDeals, type DealMovement } from './clear';
import { passOnRailFees } from './rail-fees';

export interface MatchedBy {
  rail: RailName;
  runId: string | null;
  /** The operator, or `aura`. */
  actor: string;
  reason?: string;
  shortageTo?: ShortageAccount;
}

export interface Applied {
  /** Lines that were matched. */
  matched: number;
  /** Deals that cleared by it. */
  cleared: string[];
}

/** Keeps what was found and is still open, posts its entries and clears its deals. */
export async function applyFindings(
  trx: Trx,
  findings: Findings,
  matchedBefore: readonly MatchedMovement[],
  by: MatchedBy,
): Promise<Applied> {
  const isOpen = await lockFound(trx, findings);
  const matches = findings.matches.filter(
    ({ lines, movements }) =>
      lines.every(({ line }) => isOpen(`line:${line.seq}`)) &&
      movements.every((movement) => isOpen(movementKey(movement))),
  );
  const ids = await insertMatches(trx, matches, by);
  const matchOf = new Map(matchedBefore.map(({ movement, matchId }) => [movementKey(movement), matchId]));
  matches.forEach((match, at) =>
    match.movements.forEach((movement) => matchOf.set(movementKey(movement), ids[at] as string)),
  );
  const fees = findings.fees.flatMap(({ line, movement }) => {
    const matchId = matchOf.get(movementKey(movement));
    return matchId !== undefined && isOpen(`line:${line.seq}`) ? [{ line, movement, matchId }] : [];
  });
  await joinLines(
    trx,
    fees.map(({ line, matchId }) => ({ seq: line.seq, matchId })),
  );
  await postEntries(trx, [
    ...matches.flatMap((match) => entriesOf(match, by.shortageTo)),
    ...fees.flatMap(({ line, movement: { transactionId } }) =>
      lineEntries({ line, explainedMinor: 0n, transactionId, shortageTo: 'rail_fees' }),
    ),
  ]);
  const lines = matches.reduce((count, match) => count + match.lines.length, fees.length);
  const cleared = await clearDeals(trx, incomingOf(matches), by.actor);
  await passOnRailFees(trx, cleared);
  return { matched: lines, cleared };
}

/** The entries of a match: one for each line, of the deal where it is one deal's. */
export function entriesOf(
  { lines, movements }: FoundMatch,
  shortageTo: ShortageAccount = 'rail_fees',
): Entry[] {
  const deals = new Set(movements.map(({ transactionId }) => transactionId));
  const [transactionId = null] = deals.size === 1 ? deals : [];
  return lines.flatMap(({ line, explainedMinor }) =>
    lineEntries({ line, explainedMinor, transactionId, shortageTo }),
  );
}

/** What brings a deal's money to AURA: its pay-in, and the chargeback that was won. */
function incomingOf(matches: readonly FoundMatch[]): DealMovement[] {
  return matches.flatMap(({ movements }) =>
    movements.flatMap(({ source, id, kind, transactionId, reference }) => {
      const isIncoming = source === 'instruction' ? kind === 'pay_in' : kind === 'representment_won';
      return isIncoming && transactionId !== null ? [{ id, transactionId, reference }] : [];
    }),
  );
}

/** Keeps matches and answers their ids, in order. The rows are locked. */
export async function insertMatches(
  trx: Trx,
  matches: readonly FoundMatch[],
  by: MatchedBy,
): Promise<string[]> {
  if (matches.length === 0) return [];
  const made = await rows<{ id: string }>(
    trx,
    `WITH given AS (
       SELECT m.at, m.rule, nextval(pg_get_serial_sequence('matches', 'id')) AS id
       FROM jsonb_to_recordset(:matches::jsonb) AS m(at int, rule text)
     ), made AS (
       INSERT INTO matches (id, rail, rule, run_id, actor, reason)
       SELECT id, :rail, rule, :run, :actor, :reason FROM given
     ), moved AS (
       INSERT INTO matched_movements (match_id, instruction_id, notice_id, amount_minor)
       SELECT g.id, m.instruction, m.notice, m.amount FROM given g
       JOIN jsonb_to_recordset(:movements::jsonb) AS m(at int, instruction text, notice text, amount numeric) USING (at)
     ), joined AS (
       UPDATE statement_lines l SET match_id = g.id
       FROM given g JOIN jsonb_to_recordset(:lines::jsonb) AS j(at int, seq bigint) USING (at) WHERE l.seq = j.seq
     )
     SELECT id FROM given ORDER BY at`,
    {
      rail: by.rail,
      run: by.runId,
      actor: by.actor,
      reason: by.reason ?? null,
      matches: JSON.stringify(matches.map(({ rule }, at) => ({ at, rule }))),
      movements: JSON.stringify(
        matches.flatMap(({ movements }, at) => movements.map((one) => movementRow(at, one))),
      ),
      lines: JSON.stringify(
        matches.flatMap(({ lines }, at) => lines.map(({ line }) => ({ at, seq: line.seq }))),
      ),
    },
  );
  return made.map(({ id }) => id);
}

function movementRow(at: number, { source, id, amountMinor }: Movement) {
  return {
    at,
    instruction: source === 'instruction' ? id : null,
    notice: source === 'notice' ? id : null,
    amount: amountMinor.toString(),
  };
}

async function joinLines(trx: Trx, joins: readonly { seq: string; matchId: string }[]): Promise<void> {
  if (joins.length === 0) return;
  await trx.raw(
    `UPDATE statement_lines l SET match_id = j.match
     FROM jsonb_to_recordset(?::jsonb) AS j(seq bigint, match bigint) WHERE l.seq = j.seq`,
    [JSON.stringify(joins.map(({ seq, matchId }) => ({ seq, match: matchId })))],
  );
}

/** Locks deals, instructions, notices and lines in this order, as everybody does, and tells which are still open. */
async function lockFound(trx: Trx, { matches, fees }: Findings): Promise<(key: string) => boolean> {
  const movements = matches.flatMap((match) => match.movements);
  const ids = (source: Movement['source']) =>
    movements.filter((movement) => movement.source === source).map(({ id }) => id);
  await lockDeals(trx, [...new Set(incomingOf(matches).map(({ transactionId }) => transactionId))]);
  await trx.raw('SELECT 1 FROM instructions WHERE id = ANY(?::text[]) ORDER BY id FOR NO KEY UPDATE', [
    ids('instruction'),
  ]);
  await trx.raw('SELECT 1 FROM rail_notices WHERE id = ANY(?::text[]) ORDER BY id FOR NO KEY UPDATE', [
    ids('notice'),
  ]);
  const seqs = [
    ...matches.flatMap(({ lines }) => lines.map(({ line }) => line)),
    ...fees.map(({ line }) => line),
  ];
  const open = await rows<{ key: string }>(
    trx,
    `SELECT 'line:' || seq AS key FROM statement_lines WHERE seq = ANY(?::bigint[]) AND match_id IS NULL ORDER BY seq
     FOR UPDATE`,
    [seqs.map(({ seq }) => seq)],
  );
  const taken = await rows<{ key: string }>(
    trx,
    `SELECT 'instruction:' || instruction_id AS key FROM matched_movements WHERE instruction_id = ANY(:instructions::text[])
     UNION ALL SELECT 'notice:' || notice_id FROM matched_movements WHERE notice_id = ANY(:notices::text[])`,
    { instructions: ids('instruction'), notices: ids('notice') },
  );
  const known = new Set(movements.map(movementKey));
  taken.forEach(({ key }) => known.delete(key));
  open.forEach(({ key }) => known.add(key));
  return (key) => known.has(key);
}

async function lockDeals(trx: Trx, transactionIds: readonly string[]): Promise<void> {
  if (transactionIds.length === 0) return;
  await trx.raw(
    `SELECT 1 FROM sessions WHERE id IN (SELECT session_id FROM transactions WHERE id = ANY(?::text[]))
     ORDER BY id FOR UPDATE`,
    [[...transactionIds]],
  );
  await trx.raw('SELECT 1 FROM transactions WHERE id = ANY(?::text[]) ORDER BY id FOR UPDATE', [
    [...transactionIds],
  ]);
}
