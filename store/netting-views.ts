/** Netting as members and operators read it. A member sees its own part of a cycle only. */
import type { NettedDealStatus, Position } from '../domain/netting';
import { rows, type Queryable } from './db';
import { CYCLE, type NettingCycle } from './netting';
import { paymentsOfCycle, positionsOfCycle, type NetPayment } from './netting-payments';

const TAKES_PART = `(:principal::text IS NULL OR EXISTS (
    SELECT 1 FROM netting_positions p WHERE p.cycle_id = c.id AND p.principal_id = :principal)
  OR EXISTS (
    SELECT 1 FROM netting_deals d JOIN transactions t ON t.id = d.transaction_id
    WHERE d.cycle_id = c.id AND :principal IN (t.buyer_principal_id, t.seller_principal_id)))`;

/** Newest first. */
export function listCycles(
  db: Queryable,
  filter: { principalId?: string; rail?: string; status?: string; limit: number },
): Promise<NettingCycle[]> {
  return rows<NettingCycle>(
    db,
    `SELECT ${CYCLE} FROM netting_cycles c
     WHERE (:rail::text IS NULL OR c.rail = :rail) AND (:status::text IS NULL OR c.status = :status) AND ${TAKES_PART}
     ORDER BY c.opened_at DESC, c.id DESC LIMIT :limit`,
    {
      principal: filter.principalId ?? null,
      rail: filter.rail ?? null,
      status: filter.status ?? null,
      limit: filter.limit,
    },
  );
}

export interface CycleDealRow {
  transactionId: string;
  buyer: string;
  seller: string;
  totalMinor: bigint;
  feeMinor: bigint;
  status: NettedDealStatus;
  deferrals: number;
  reason: string | null;
}

export interface CycleParts {
  positions: Position[];
  payments: NetPayment[];
  deals: CycleDealRow[];
}

/** The positions of the newest close, all payments and all deals; of one principal where one is named. */
export async function partsOfCycle(
  db: Queryable,
  cycle: NettingCycle,
  principalId?: string,
): Promise<CycleParts> {
  const deals = await rows<Omit<CycleDealRow, 'totalMinor' | 'feeMinor'> & { total: string; fee: string }>(
    db,
    `SELECT d.transaction_id AS "transactionId", t.buyer_principal_id AS buyer, t.seller_principal_id AS seller,
       t.total_minor AS total, t.fee_minor AS fee, d.status, d.deferrals, d.reason
     FROM netting_deals d JOIN transactions t ON t.id = d.transaction_id
     WHERE d.cycle_id = :cycle
       AND (:principal::text IS NULL OR :principal IN (t.buyer_principal_id, t.seller_principal_id))
     ORDER BY d.seq`,
    { cycle: cycle.id, principal: principalId ?? null },
  );
  const isMine = (part: { principalId: string }) =>
    principalId === undefined || part.principalId === principalId;
  return {
    positions: (await positionsOfCycle(db, cycle)).filter(isMine),
    payments: (await paymentsOfCycle(db, cycle.id)).filter(isMine),
    deals: deals.map(({ total, fee, ...rest }) => ({
      ...rest,
      totalMinor: BigInt(total),
      feeMinor: BigInt(fee),
    })),
  };
}

/** Whether the principal can be paid and pay at the rail: an account there, and an accepted mandate. */
export async function canNet(
  db: Queryable,
  member: { principalId: string; rail: string; asset: string },
): Promise<{ account: boolean; mandate: boolean }> {
  const [found] = await rows<{ account: boolean; mandate: boolean }>(
    db,
    `SELECT
       EXISTS (SELECT 1 FROM payment_accounts WHERE principal_id = :principal AND rail = :rail AND asset = :asset)
         AS account,
       EXISTS (SELECT 1 FROM mandates WHERE principal_id = :principal AND rail = :rail AND asset = :asset
         AND status = 'accepted' AND expires_at > now() AND payer_authorization IS NULL AND NOT for_commit) AS mandate`,
    { principal: member.principalId, rail: member.rail, asset: member.asset },
  );
  return found ?? { account: false, mandate: false };
}
