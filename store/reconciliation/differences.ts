/** Every difference between the books and the statement of a run's period, found by the page. */
import type { BreakKind } from '../../domain/reconciliation/breaks';
import { RAIL_POLICIES } from '../../domain/reconciliation/policy';
import { rows, type Trx } from '../db';
import type { Run } from './runs';

export interface FoundBreak {
  kind: BreakKind;
  /** The same difference has the same key, so that it is filed once. */
  key: string;
  instructionId: string | null;
  noticeId: string | null;
  statementLine: string | null;
  asset: string;
  expectedMinor: string | null;
  actualMinor: string | null;
  detail: string;
}

type Page = FoundBreak & { at: string };

const PAGE = 1_000;
const MAX_PAGES = 100_000;

/** Pages of differences. A statement that has not every line of its period tells nothing of what is missing on it. */
export async function* findBreaks(trx: Trx, run: Run): AsyncGenerator<FoundBreak[]> {
  const complete = run.complete ?? true;
  const questions = [
    ...(complete ? [MISSING_AT_RAIL, MISSING_NOTICE] : []),
    UNMATCHED_LINE,
    IN_SUSPENSE,
    ALTERED,
  ];
  for (const question of questions) {
    let after = question.first;
    for (let page = 0; page < MAX_PAGES; page++) {
      const found = await rows<Page>(trx, `${question.sql} LIMIT ${PAGE}`, {
        rail: run.rail,
        from: run.from,
        to: run.to,
        run: run.id,
        window: RAIL_POLICIES[run.rail].dateWindowDays,
        after,
      });
      if (found.length > 0) yield found.map(({ at: _, ...difference }) => difference);
      after = found.at(-1)?.at ?? after;
      if (found.length < PAGE) break;
    }
  }
}

interface Question {
  /** Where the first page begins. */
  readonly first: string;
  readonly sql: string;
}

/** Proved, and not on the statement; an open line that names it tells of it already. */
const MISSING_AT_RAIL: Question = {
  first: '',
  // The period's proofs first: in the order of ids the whole history would be walked through to reach them.
  sql: `
    WITH p AS MATERIALIZED (
      SELECT instruction_id, statement FROM proofs
      WHERE accepted AND created_at >= :from::timestamptz - interval '1 day' AND instruction_id > :after
        AND (statement->>'executed_at')::timestamptz >= :from AND (statement->>'executed_at')::timestamptz < :to
    )
    SELECT i.id AS at, 'missing_at_rail' AS kind, 'missing_at_rail:' || i.id AS key, i.id AS "instructionId",
      NULL AS "noticeId", NULL AS "statementLine", i.asset, i.amount_minor AS "expectedMinor", NULL AS "actualMinor",
      i.kind || ' ' || i.id || CASE WHEN m.match_id IS NULL THEN ' was proved, but is not on the statement'
                                    ELSE ' was on an earlier statement and is gone' END AS detail
    FROM p JOIN instructions i ON i.id = p.instruction_id
    LEFT JOIN matched_movements m ON m.instruction_id = i.id
    WHERE i.rail = :rail
      AND CASE WHEN m.match_id IS NULL THEN NOT EXISTS (
            SELECT 1 FROM statement_lines l WHERE l.match_id IS NULL AND l.rail = i.rail AND l.direction =
                (SELECT v.direction FROM movements v WHERE v.id = i.id)
              AND (l.instruction_id = i.id
                OR (l.instruction_id IS NULL AND l.reference = p.statement->>'reference'
                    AND l.network = p.statement->>'network')))
          ELSE EXISTS (
            SELECT 1 FROM statement_lines l WHERE l.match_id = m.match_id AND l.booked_at >= :from AND l.booked_at < :to
              AND l.withdrawn_at IS NULL AND l.last_seen_run IS DISTINCT FROM :run)
          END
    ORDER BY i.id`,
};

/** A return or chargeback that AURA believed and the statement does not show. */
const MISSING_NOTICE: Question = {
  first: '',
  sql: `
    SELECT v.id AS at, 'missing_at_rail' AS kind, 'missing_at_rail:' || v.id AS key, i.id AS "instructionId",
      v.id AS "noticeId", NULL AS "statementLine", v.asset, v.amount_minor AS "expectedMinor", NULL AS "actualMinor",
      v.kind || ' of ' || v.instruction_id || ' was told, but is not on the statement' AS detail
    FROM movements v LEFT JOIN instructions i ON i.id = v.instruction_id
    LEFT JOIN matched_movements m ON m.notice_id = v.id
    WHERE v.source = 'notice' AND v.rail = :rail AND v.id > :after AND v.at >= :from AND v.at < :to
      AND m.match_id IS NULL
      AND NOT EXISTS (
        SELECT 1 FROM statement_lines l WHERE l.match_id IS NULL AND l.rail = v.rail AND l.direction = v.direction
          AND (l.instruction_id = v.instruction_id OR (l.reference = v.reference AND l.network = v.network)))
    ORDER BY v.id`,
};

/**
 * Lines that no rule matched. What they are about is the instruction that they name, else the one with their reference;
 * of its movements the one in the line's direction, with the line's own reference first.
 */
const UNMATCHED_LINE: Question = {
  first: '0',
  sql: `
    SELECT l.seq AS at,
      CASE WHEN i.id IS NULL THEN 'missing_in_ledger'
           WHEN i.status IN ('rejected', 'never_executed') THEN 'late'
           WHEN v.id IS NULL THEN 'missing_in_ledger'
           WHEN v.matched THEN 'duplicate'
           WHEN v.asset <> l.asset OR v.weight <> v.amount_minor THEN 'amount'
           WHEN abs(v.business_date::date - l.business_date) > :window THEN 'late'
           ELSE 'amount' END AS kind,
      'line:' || l.seq AS key, i.id AS "instructionId", CASE v.source WHEN 'notice' THEN v.id END AS "noticeId",
      l.seq AS "statementLine", l.asset, coalesce(v.amount_minor, i.amount_minor) AS "expectedMinor",
      l.amount_minor AS "actualMinor",
      l.direction || ' ' || l.reference || ' is on the statement' ||
        CASE WHEN i.id IS NULL THEN ' and belongs to no instruction'
             WHEN v.id IS NULL THEN ' for ' || i.id || ', which is ' || i.status
             WHEN v.matched THEN ' for ' || v.id || ', which was matched before'
             WHEN v.asset <> l.asset THEN ' for ' || v.id || ', in another asset'
             WHEN abs(v.business_date::date - l.business_date) > :window THEN
               ' for ' || v.id || ', whose day is ' || v.business_date
             ELSE ' for ' || v.id || ', whose amount it does not have' END AS detail
    FROM statement_lines l
    LEFT JOIN LATERAL (
      SELECT p.instruction_id FROM proofs p
      WHERE l.instruction_id IS NULL AND p.statement->>'reference' = l.reference
        AND p.statement->>'network' = l.network AND p.statement->>'rail' = l.rail
      ORDER BY p.accepted DESC, p.instruction_id LIMIT 1
    ) r ON true
    LEFT JOIN LATERAL (
      SELECT n.instruction_id FROM rail_notices n
      WHERE l.instruction_id IS NULL AND n.statement->>'reference' = l.reference AND n.network = l.network
        AND n.rail = l.rail AND n.accepted
      ORDER BY n.id LIMIT 1
    ) n ON true
    LEFT JOIN instructions i ON i.id = coalesce(l.instruction_id, r.instruction_id, n.instruction_id)
    LEFT JOIN LATERAL (
      SELECT w.source, w.id, w.asset, w.amount_minor, w.business_date,
        l.amount_minor + CASE WHEN w.source = 'notice' AND w.direction = 'debit' THEN l.fee_minor ELSE 0 END AS weight,
        EXISTS (SELECT 1 FROM matched_movements m WHERE m.instruction_id = w.id OR m.notice_id = w.id) AS matched
      FROM movements w WHERE w.instruction_id = i.id AND w.rail = l.rail AND w.direction = l.direction
      ORDER BY (w.reference = l.reference) DESC, matched, w.id LIMIT 1
    ) v ON true
    WHERE l.rail = :rail AND l.seq > :after::bigint AND l.booked_at >= :from AND l.booked_at < :to
      AND l.match_id IS NULL
      AND NOT coalesce(i.status = 'signed' AND i.expires_at > now(), false)
    ORDER BY l.seq`,
};

/** Money that came otherwise than instructed, until it was sent back. */
const IN_SUSPENSE: Question = {
  first: '',
  sql: `
    SELECT i.id AS at, 'amount' AS kind, 'amount:' || i.id AS key, i.id AS "instructionId", NULL AS "noticeId",
      l.seq AS "statementLine", l.asset, i.amount_minor AS "expectedMinor", l.amount_minor AS "actualMinor",
      i.kind || ' ' || i.id || ' executed otherwise than instructed; the money is in suspense' AS detail
    FROM instructions i JOIN matched_movements m ON m.instruction_id = i.id
    JOIN LATERAL (SELECT s.* FROM statement_lines s WHERE s.match_id = m.match_id ORDER BY s.seq LIMIT 1) l ON true
    WHERE i.rail = :rail AND i.id > :after AND i.status = 'nonconforming' AND l.booked_at >= :from AND l.booked_at < :to
      AND NOT EXISTS (SELECT 1 FROM instructions r WHERE r.subject_id = i.subject_id AND r.kind = 'return'
                      AND r.status = 'executed')
    ORDER BY i.id`,
};

/** Lines that came again and said something else, each told of once. */
const ALTERED: Question = {
  first: '0',
  sql: `
    SELECT a.seq AS at, 'altered' AS kind, 'altered:' || a.seq AS key, i.id AS "instructionId", NULL AS "noticeId",
      l.seq AS "statementLine", l.asset, l.amount_minor AS "expectedMinor", a.now->>'amount_minor' AS "actualMinor",
      'line ' || l.reference || ' came again with another ' || replace(array_to_string(a.fields, ', '), '_minor', '')
        AS detail
    FROM line_alterations a JOIN statement_lines l ON l.seq = a.line_seq
    LEFT JOIN instructions i ON i.id = l.instruction_id
    WHERE l.rail = :rail AND a.seq > :after::bigint
      AND NOT EXISTS (SELECT 1 FROM breaks b WHERE b.key = 'altered:' || a.seq)
    ORDER BY a.seq`,
};
