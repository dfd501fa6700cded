/** What rails said of their own accord, and how far each was read. */
import { newId } from '../domain/ids';
import type { NoticeStatement, RailName, RailNotice } from '../domain/settlement';
import { rows, type Queryable, type Trx } from './db';
import { openOne, seal } from './vault';

export interface StoredNotice extends RailNotice {
  id: string;
  accepted: boolean | null;
  effect: string | null;
  sources: Record<string, string> | null;
}

/** Keeps notices; one that was told before is kept once. */
export async function storeNotices(trx: Trx, notices: readonly RailNotice[]): Promise<void> {
  for (const { statement, key_id, signature, evidence } of notices) {
    const id = newId('notice');
    await trx('rail_notices')
      .insert({
        id,
        rail: statement.rail,
        network: statement.network,
        notice_id: statement.notice_id,
        kind: statement.kind,
        instruction_id: statement.instruction_id,
        statement: JSON.stringify(statement),
        key_id,
        signature,
        ...(await seal(trx, 'rail_notices', { row: id, subject: statement.instruction_id }, { evidence })),
      })
      .onConflict(['rail', 'network', 'notice_id'])
      .ignore();
  }
}

export async function noticeCursor(db: Queryable, rail: RailName): Promise<string | null> {
  const [found] = await rows<{ cursor: string | null }>(
    db,
    'SELECT cursor FROM rail_cursors WHERE rail = ?',
    [rail],
  );
  return found?.cursor ?? null;
}

export async function setNoticeCursor(trx: Trx, rail: RailName, cursor: string | null): Promise<void> {
  await trx.raw(
    `INSERT INTO rail_cursors (rail, cursor) VALUES (?, ?)
     ON CONFLICT (rail) DO UPDATE SET cursor = excluded.cursor, at = now()`,
    [rail, cursor],
  );
}

const COLUMNS = 'id, statement, key_id, signature, evidence, accepted, effect, sources';

/** Notices of a rail that were not judged yet, oldest first. */
export async function openNotices(db: Queryable, rail: RailName, limit: number): Promise<string[]> {
  const found = await rows<{ id: string }>(
    db,
    'SELECT id FROM rail_notices WHERE rail = ? AND accepted IS NULL ORDER BY id LIMIT ?',
    [rail, limit],
  );
  return found.map(({ id }) => id);
}

export async function lockNotice(trx: Trx, id: string): Promise<StoredNotice> {
  const [found] = await rows<StoredNotice>(
    trx,
    `SELECT ${COLUMNS} FROM rail_notices WHERE id = ? FOR UPDATE`,
    [id],
  );
  if (!found) throw new Error(`no notice ${id}`);
  await openOne(trx, 'rail_notices', found, { evidence: 'evidence' }, () => id);
  return found;
}

export async function judgeNotice(
  trx: Trx,
  id: string,
  verdict: { accepted: boolean; effect: string; sources?: string },
): Promise<void> {
  await trx('rail_notices')
    .where({ id })
    .update({
      accepted: verdict.accepted,
      effect: verdict.effect,
      sources: verdict.sources ?? null,
      judged_at: trx.fn.now(),
    });
}

export interface NoticeView {
  id: string;
  statement: NoticeStatement;
  accepted: boolean | null;
  effect: string | null;
}

/** The notices about a deal's payments. */
export function noticesOf(db: Queryable, transactionId: string): Promise<NoticeView[]> {
  return rows<NoticeView>(
    db,
    `SELECT n.id, n.statement, n.accepted, n.effect FROM rail_notices n
     JOIN instructions i ON i.id = n.instruction_id WHERE i.transaction_id = ? ORDER BY n.id`,
    [transactionId],
  );
}

/** The reversal of a deal that was not undone, with what it took the money from. */
export async function standingReversal(
  trx: Trx,
  transactionId: string,
): Promise<{ id: string; sources: Record<string, string> } | undefined> {
  const [found] = await rows<{ id: string; sources: Record<string, string> }>(
    trx,
    `SELECT n.id, n.sources FROM rail_notices n JOIN instructions i ON i.id = n.instruction_id
     WHERE i.transaction_id = ? AND i.kind = 'pay_in' AND n.accepted AND n.sources IS NOT NULL AND n.effect = 'reversed'
     ORDER BY n.id DESC LIMIT 1`,
    [transactionId],
  );
  return found;
}
