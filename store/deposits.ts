import type { RailName } from '../domain/settlement';
import { rows, type Queryable, type Trx } from './db';

export interface Deposit {
  id: string;
  principalId: string;
  agentId: string;
  rail: RailName;
  mandateId: string;
  asset: string;
  amountMinor: bigint;
  status: 'pending' | 'proved' | 'failed';
  createdAt: Date;
}

const COLUMNS = `id, principal_id AS "principalId", agent_id AS "agentId", rail, mandate_id AS "mandateId", asset,
  amount_minor AS "amountMinor", status, created_at AS "createdAt"`;

type Row = Omit<Deposit, 'amountMinor'> & { amountMinor: string };
const toDeposit = (row: Row): Deposit => ({ ...row, amountMinor: BigInt(row.amountMinor) });

export async function insertDeposit(trx: Trx, deposit: Omit<Deposit, 'status' | 'createdAt'>): Promise<void> {
  await trx('deposits').insert({
    id: deposit.id,
    principal_id: deposit.principalId,
    agent_id: deposit.agentId,
    rail: deposit.rail,
    mandate_id: deposit.mandateId,
    asset: deposit.asset,
    amount_minor: deposit.amountMinor.toString(),
  });
}

export async function findDeposit(db: Queryable, id: string): Promise<Deposit | undefined> {
  const [found] = await rows<Row>(db, `SELECT ${COLUMNS} FROM deposits WHERE id = ?`, [id]);
  return found && toDeposit(found);
}

export async function lockDeposit(trx: Trx, id: string): Promise<Deposit> {
  const [found] = await rows<Row>(trx, `SELECT ${COLUMNS} FROM deposits WHERE id = ? FOR UPDATE`, [id]);
  if (!found) throw new Error(`no deposit ${id}`);
  return toDeposit(found);
}

export async function setDepositStatus(trx: Trx, id: string, status: Deposit['status']): Promise<void> {
  await trx('deposits').where({ id }).update({ status });
}
