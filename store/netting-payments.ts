/** Positions of netting cycles and the payments that settle them. */
import { newId } from '../domain/ids';
import {
  NOTHING_MOVED,
  type Means,
  type Moved,
  type NetPaymentStatus,
  type Position,
} from '../domain/netting';
import type { RailName } from '../domain/settlement';
import { rows, type Queryable, type Trx } from './db';
import { membershipsOf, type NettingCycle } from './netting';

export async function insertPositions(
  trx: Trx,
  cycle: { id: string; generation: number },
  positions: readonly Position[],
): Promise<void> {
  if (positions.length === 0) return;
  await trx('netting_positions').insert(
    positions.map(({ principalId, receivedMinor, owedMinor }) => ({
      cycle_id: cycle.id,
      generation: cycle.generation,
      principal_id: principalId,
      received_minor: receivedMinor.toString(),
      owed_minor: owedMinor.toString(),
    })),
  );
}

export async function positionsOfCycle(
  db: Queryable,
  cycle: Pick<NettingCycle, 'id' | 'generation'>,
): Promise<Position[]> {
  const found = await rows<{ principalId: string; received: string; owed: string }>(
    db,
    `SELECT principal_id AS "principalId", received_minor AS received, owed_minor AS owed FROM netting_positions
     WHERE cycle_id = ? AND generation = ? ORDER BY principal_id`,
    [cycle.id, cycle.generation],
  );
  return found.map(({ principalId, received, owed }) => ({
    principalId,
    receivedMinor: BigInt(received),
    owedMinor: BigInt(owed),
  }));
}

export interface NetPayment {
  id: string;
  cycleId: string;
  rail: RailName;
  asset: string;
  generation: number;
  principalId: string;
  direction: 'in' | 'out';
  amountMinor: bigint;
  mandateId: string | null;
  accountId: string | null;
  status: NetPaymentStatus;
  cause: string | null;
}

const PAYMENT = `n.id, n.cycle_id AS "cycleId", c.rail, c.asset, n.generation, n.principal_id AS "principalId",
  n.direction, n.amount_minor AS "amountMinor", n.mandate_id AS "mandateId", n.account_id AS "accountId", n.status, n.cause`;

type Row = Omit<NetPayment, 'amountMinor'> & { amountMinor: string };
const toPayment = (row: Row): NetPayment => ({ ...row, amountMinor: BigInt(row.amountMinor) });

export async function insertNetPayment(
  trx: Trx,
  payment: Pick<
    NetPayment,
    'cycleId' | 'generation' | 'principalId' | 'direction' | 'amountMinor' | 'mandateId' | 'accountId'
  >,
): Promise<string> {
  const id = newId('netPayment');
  await trx('netting_payments').insert({
    id,
    cycle_id: payment.cycleId,
    generation: payment.generation,
    principal_id: payment.principalId,
    direction: payment.direction,
    amount_minor: payment.amountMinor.toString(),
    mandate_id: payment.mandateId,
    account_id: payment.accountId,
  });
  return id;
}

export async function lockNetPayment(trx: Trx, id: string): Promise<NetPayment> {
  const [found] = await rows<Row>(
    trx,
    `SELECT ${PAYMENT} FROM netting_payments n JOIN netting_cycles c ON c.id = n.cycle_id WHERE n.id = ? FOR UPDATE OF n`,
    [id],
  );
  if (!found) throw new Error(`no net payment ${id}`);
  return toPayment(found);
}

export async function paymentsOfCycle(db: Queryable, cycleId: string): Promise<NetPayment[]> {
  const found = await rows<Row>(
    db,
    `SELECT ${PAYMENT} FROM netting_payments n JOIN netting_cycles c ON c.id = n.cycle_id WHERE n.cycle_id = ? ORDER BY n.id`,
    [cycleId],
  );
  return found.map(toPayment);
}

export async function setNetPayment(
  trx: Trx,
  id: string,
  change: { status: Exclude<NetPaymentStatus, 'pending'>; cause?: string; noticeId?: string },
): Promise<void> {
  await trx('netting_payments')
    .where({ id })
    .update({
      status: change.status,
      ended_at: trx.fn.now(),
      ...(change.cause !== undefined && { cause: change.cause.slice(0, 2000) }),
      ...(change.noticeId !== undefined && { notice_id: change.noticeId }),
    });
}

/** What the cycle has moved for each principal: proved in, and out whether to an account or to the balance. */
export function movedBy(payments: readonly NetPayment[]): Map<string, Moved> {
  const moved = new Map<string, Moved>();
  for (const { principalId, direction, status, amountMinor } of payments) {
    const before = moved.get(principalId) ?? NOTHING_MOVED;
    if (direction === 'in' && status === 'proved')
      moved.set(principalId, { ...before, inMinor: before.inMinor + amountMinor });
    if (direction === 'out' && status !== 'failed')
      moved.set(principalId, { ...before, outMinor: before.outMinor + amountMinor });
  }
  return moved;
}

/** What each principal can pay into the cycle: its cap, what it has paid, and its mandates at the rail. */
export async function meansOf(
  trx: Trx,
  { rail, asset }: Pick<NettingCycle, 'rail' | 'asset'>,
  principalIds: readonly string[],
  moved: ReadonlyMap<string, Moved>,
): Promise<Map<string, Means>> {
  const members = await membershipsOf(trx, { principalIds, rail, asset });
  const mandates = await rows<{ id: string; principalId: string; left: string }>(
    trx,
    `SELECT id, principal_id AS "principalId", ceiling_minor - used_minor AS left FROM mandates
     WHERE principal_id = ANY(?) AND rail = ? AND asset = ? AND status = 'accepted' AND expires_at > now()
       AND payer_authorization IS NULL AND NOT for_commit
     ORDER BY id FOR UPDATE`,
    [[...principalIds], rail, asset],
  );
  return new Map(
    principalIds.map((principalId) => [
      principalId,
      {
        capMinor: members.find((member) => member.principalId === principalId)?.debitCapMinor ?? null,
        paidMinor: moved.get(principalId)?.inMinor ?? 0n,
        mandates: mandates
          .filter((mandate) => mandate.principalId === principalId)
          .map(({ id, left }) => ({ id, leftMinor: BigInt(left) })),
      },
    ]),
  );
}

/** Whether the rail's statement has every payment that came into the cycle. */
export async function payInsMatched(db: Queryable, cycleId: string): Promise<boolean> {
  const open = await rows(
    db,
    `SELECT 1 FROM netting_payments n WHERE n.cycle_id = ? AND n.direction = 'in' AND n.status = 'proved'
       AND NOT EXISTS (SELECT 1 FROM instructions i JOIN matched_movements m ON m.instruction_id = i.id
                       WHERE i.subject_id = n.id AND i.kind = 'net_in')
     LIMIT 1`,
    [cycleId],
  );
  return open.length === 0;
}
