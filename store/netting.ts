/** Netting: members, cycles and the deals in them. */
import { newId } from '../domain/ids';
import type { CycleStatus, Membership, NettedDealStatus, QueuedDeal } from '../domain/netting';
import type { RailName } from '../domain/settlement';
import { rows, type Queryable, type Trx } from './db';

export interface NettingMembership extends Membership {
  principalId: string;
  rail: RailName;
  asset: string;
  updatedAt: Date;
}

const MEMBERSHIP = `principal_id AS "principalId", rail, asset, active, debit_cap_minor AS "debitCapMinor",
  updated_at AS "updatedAt"`;

export async function upsertMembership(
  trx: Trx,
  membership: Omit<NettingMembership, 'updatedAt'> & { updatedBy: string },
): Promise<void> {
  await trx.raw(
    `INSERT INTO netting_memberships (principal_id, rail, asset, active, debit_cap_minor, updated_by)
     VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (principal_id, rail, asset) DO UPDATE SET active = excluded.active,
       debit_cap_minor = excluded.debit_cap_minor, updated_by = excluded.updated_by, updated_at = now()`,
    [
      membership.principalId,
      membership.rail,
      membership.asset,
      membership.active,
      membership.debitCapMinor?.toString() ?? null,
      membership.updatedBy,
    ],
  );
}

/** Memberships at a rail and in an asset, or all of a principal. */
export async function membershipsOf(
  db: Queryable,
  where: { principalIds: readonly string[]; rail?: string; asset?: string },
): Promise<NettingMembership[]> {
  const found = await rows<Omit<NettingMembership, 'debitCapMinor'> & { debitCapMinor: string | null }>(
    db,
    `SELECT ${MEMBERSHIP} FROM netting_memberships WHERE principal_id = ANY(:principals)
       AND (:rail::text IS NULL OR rail = :rail) AND (:asset::text IS NULL OR asset = :asset)
     ORDER BY principal_id, rail, asset`,
    { principals: [...where.principalIds], rail: where.rail ?? null, asset: where.asset ?? null },
  );
  return found.map((row) => ({
    ...row,
    debitCapMinor: row.debitCapMinor === null ? null : BigInt(row.debitCapMinor),
  }));
}

export interface NettingCycle {
  id: string;
  rail: RailName;
  asset: string;
  status: CycleStatus;
  generation: number;
  openedAt: Date;
  closedAt: Date | null;
  dealsSettledAt: Date | null;
  endedAt: Date | null;
  clearedAt: Date | null;
}

export const CYCLE = `c.id, c.rail, c.asset, c.status, c.generation, c.opened_at AS "openedAt", c.closed_at AS "closedAt",
  c.deals_settled_at AS "dealsSettledAt", c.ended_at AS "endedAt", c.cleared_at AS "clearedAt"`;

export async function findCycle(db: Queryable, id: string): Promise<NettingCycle | undefined> {
  const [found] = await rows<NettingCycle>(db, `SELECT ${CYCLE} FROM netting_cycles c WHERE id = ?`, [id]);
  return found;
}

export async function lockCycle(trx: Trx, id: string): Promise<NettingCycle> {
  const [found] = await rows<NettingCycle>(
    trx,
    `SELECT ${CYCLE} FROM netting_cycles c WHERE id = ? FOR UPDATE`,
    [id],
  );
  if (!found) throw new Error(`no netting cycle ${id}`);
  return found;
}

/** A cycle may close between the two looks, which need not happen twice in a row. */
const OPENINGS = 20;

/** The open cycle, made where there is none. It stays open until the caller's transaction ends. */
export async function openCycle(trx: Trx, { rail, asset }: { rail: string; asset: string }): Promise<string> {
  for (let attempt = 0; attempt < OPENINGS; attempt++) {
    const [found] = await rows<{ id: string }>(
      trx,
      `SELECT id FROM netting_cycles WHERE rail = ? AND asset = ? AND status = 'open' FOR SHARE`,
      [rail, asset],
    );
    if (found) return found.id;
    await trx.raw(
      `INSERT INTO netting_cycles (id, rail, asset) VALUES (?, ?, ?)
       ON CONFLICT (rail, asset) WHERE status = 'open' DO NOTHING`,
      [newId('cycle'), rail, asset],
    );
  }
  throw new Error(`no netting cycle of ${rail} stays open`);
}

/** The open cycle with deals in it, if there is one. */
export async function cycleToClose(
  db: Queryable,
  { rail, asset }: { rail: string; asset: string },
): Promise<string | undefined> {
  const [found] = await rows<{ id: string }>(
    db,
    `SELECT c.id FROM netting_cycles c WHERE c.rail = ? AND c.asset = ? AND c.status = 'open'
       AND EXISTS (SELECT 1 FROM netting_deals d WHERE d.cycle_id = c.id)`,
    [rail, asset],
  );
  return found?.id;
}

/** Cycles that have moved all their money and whose deals are not all cleared, oldest first. */
export async function unclearedCycles(
  db: Queryable,
  { rail, asset, limit }: { rail: string; asset: string; limit: number },
): Promise<string[]> {
  const found = await rows<{ id: string }>(
    db,
    `SELECT id FROM netting_cycles WHERE rail = ? AND asset = ? AND status = 'settled' AND cleared_at IS NULL
     ORDER BY opened_at LIMIT ?`,
    [rail, asset, limit],
  );
  return found.map(({ id }) => id);
}

export async function setCycle(
  trx: Trx,
  id: string,
  change: { status?: CycleStatus; generation?: number; closed?: true; dealsSettled?: true; cleared?: true },
): Promise<void> {
  const now = trx.fn.now();
  const ended = change.status === 'settled' || change.status === 'failed_over';
  await trx('netting_cycles')
    .where({ id })
    .update({
      ...(change.status && { status: change.status }),
      ...(change.generation && { generation: change.generation }),
      ...(change.closed && { closed_at: now }),
      ...(change.dealsSettled && { deals_settled_at: now }),
      ...(ended && { ended_at: now }),
      ...(change.cleared && { cleared_at: now }),
    });
}

/** A deal of a cycle, with what its close needs to know. */
export interface CycleMember extends QueuedDeal {
  reservedOn: string;
  status: NettedDealStatus;
  deferrals: number;
}

export async function insertNettedDeal(
  trx: Trx,
  { transactionId, cycleId }: { transactionId: string; cycleId: string },
): Promise<void> {
  await trx('netting_deals').insert({ transaction_id: transactionId, cycle_id: cycleId });
}

/** Where a deal's netting stands, if it ever joined. */
export async function nettingOf(
  db: Queryable,
  transactionId: string,
): Promise<{ cycleId: string; status: NettedDealStatus } | undefined> {
  const [found] = await rows<{ cycleId: string; status: NettedDealStatus }>(
    db,
    `SELECT cycle_id AS "cycleId", status FROM netting_deals WHERE transaction_id = ?`,
    [transactionId],
  );
  return found;
}

export async function dealsOfCycle(
  db: Queryable,
  cycleId: string,
  status: NettedDealStatus,
): Promise<CycleMember[]> {
  const found = await rows<
    Omit<CycleMember, 'seq' | 'totalMinor' | 'feeMinor'> & { seq: string; total: string; fee: string }
  >(
    db,
    `SELECT d.transaction_id AS "transactionId", d.seq, d.status, d.deferrals, t.buyer_principal_id AS buyer,
       t.seller_principal_id AS seller, t.total_minor AS total, t.fee_minor AS fee, t.mandate_id AS "reservedOn"
     FROM netting_deals d JOIN transactions t ON t.id = d.transaction_id
     WHERE d.cycle_id = ? AND d.status = ? ORDER BY d.seq`,
    [cycleId, status],
  );
  return found.map(({ total, fee, seq, ...rest }) => ({
    ...rest,
    seq: BigInt(seq),
    totalMinor: BigInt(total),
    feeMinor: BigInt(fee),
  }));
}

export async function setNettedDeals(
  trx: Trx,
  transactionIds: readonly string[],
  change: { status: NettedDealStatus; reason?: string; tell: boolean },
): Promise<void> {
  if (transactionIds.length === 0) return;
  await trx('netting_deals')
    .whereIn('transaction_id', [...transactionIds])
    .update({
      status: change.status,
      ...(change.reason !== undefined && { reason: change.reason }),
      ...(change.tell && { told: false }),
      updated_at: trx.fn.now(),
    });
}

/** Moves deals to another cycle. `counted` where they did not fit. */
export async function deferDeals(
  trx: Trx,
  transactionIds: readonly string[],
  to: { cycleId: string; reason: string; counted: boolean },
): Promise<void> {
  await trx('netting_deals')
    .whereIn('transaction_id', [...transactionIds])
    .update({
      cycle_id: to.cycleId,
      reason: to.reason,
      updated_at: trx.fn.now(),
      ...(to.counted && { deferrals: trx.raw('deferrals + 1') }),
    });
}

/** Deals whose workflows have something new to read. */
export async function untoldDeals(db: Queryable, cycleId: string, limit: number): Promise<string[]> {
  const found = await rows<{ id: string }>(
    db,
    'SELECT transaction_id AS id FROM netting_deals WHERE cycle_id = ? AND NOT told ORDER BY seq LIMIT ?',
    [cycleId, limit],
  );
  return found.map(({ id }) => id);
}

export async function dealsTold(db: Queryable, transactionIds: readonly string[]): Promise<void> {
  await db('netting_deals')
    .whereIn('transaction_id', [...transactionIds])
    .update({ told: true });
}
