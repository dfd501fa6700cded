/** Debts of principals to AURA after a reversal, and how they were made up for. */
import type { Waterfall } from '../domain/ledger/postings';
import { rows, type Queryable, type Trx } from './db';

export interface Recovery {
  id: string;
  transactionId: string | null;
  principalId: string;
  asset: string;
  owedMinor: bigint;
  covered: Waterfall;
  cause: string;
  status: 'called' | 'covered' | 'defaulted' | 'undone';
  callUntil: Date;
  createdAt: Date;
}

interface Row extends Omit<Recovery, 'owedMinor' | 'covered'> {
  owed: string;
  margin: string;
  collateral: string;
  fund: string;
  capital: string;
}

const COLUMNS = `id, transaction_id AS "transactionId", principal_id AS "principalId", asset, owed_minor AS owed,
  margin_minor AS margin, collateral_minor AS collateral, default_fund_minor AS fund, capital_minor AS capital, cause,
  status, call_until AS "callUntil", created_at AS "createdAt"`;

function toRecovery({ owed, margin, collateral, fund, capital, ...rest }: Row): Recovery {
  return {
    ...rest,
    owedMinor: BigInt(owed),
    covered: {
      marginMinor: BigInt(margin),
      collateralMinor: BigInt(collateral),
      defaultFundMinor: BigInt(fund),
      capitalMinor: BigInt(capital),
    },
  };
}

/** What is still owed, minor units. */
export function openMinor({ owedMinor, covered }: Pick<Recovery, 'owedMinor' | 'covered'>): bigint {
  const { marginMinor, collateralMinor, defaultFundMinor, capitalMinor } = covered;
  return owedMinor - marginMinor - collateralMinor - defaultFundMinor - capitalMinor;
}

/** Opens a recovery whose call runs for so long, on the database's clock. */
export async function insertRecovery(
  trx: Trx,
  recovery: Pick<Recovery, 'id' | 'transactionId' | 'principalId' | 'asset' | 'owedMinor' | 'cause'>,
  callMs: number,
): Promise<void> {
  await trx.raw(
    `INSERT INTO recoveries (id, transaction_id, principal_id, asset, owed_minor, cause, call_until)
     VALUES (?, ?, ?, ?, ?, ?, now() + ? * interval '1 millisecond')`,
    [
      recovery.id,
      recovery.transactionId,
      recovery.principalId,
      recovery.asset,
      recovery.owedMinor.toString(),
      recovery.cause,
      callMs,
    ],
  );
}

export async function lockRecovery(trx: Trx, id: string): Promise<Recovery> {
  const [found] = await rows<Row>(trx, `SELECT ${COLUMNS} FROM recoveries WHERE id = ? FOR UPDATE`, [id]);
  if (!found) throw new Error(`no recovery ${id}`);
  return toRecovery(found);
}

/** A principal's debts that are called and not covered, oldest first, locked. */
export async function lockOpenRecoveries(trx: Trx, principalId: string, asset: string): Promise<Recovery[]> {
  const found = await rows<Row>(
    trx,
    `SELECT ${COLUMNS} FROM recoveries WHERE principal_id = ? AND asset = ? AND status = 'called'
     ORDER BY id FOR UPDATE`,
    [principalId, asset],
  );
  return found.map(toRecovery);
}

export async function openRecoveryIds(db: Queryable, principalId: string): Promise<string[]> {
  const found = await rows<{ id: string }>(
    db,
    `SELECT id FROM recoveries WHERE principal_id = ? AND status = 'called' ORDER BY id`,
    [principalId],
  );
  return found.map(({ id }) => id);
}

export async function recoveriesOf(db: Queryable, transactionId: string): Promise<Recovery[]> {
  const found = await rows<Row>(
    db,
    `SELECT ${COLUMNS} FROM recoveries WHERE transaction_id = ? ORDER BY id`,
    [transactionId],
  );
  return found.map(toRecovery);
}

export async function listRecoveries(
  db: Queryable,
  filter: { status?: string; limit: number },
): Promise<Recovery[]> {
  const found = await rows<Row>(
    db,
    `SELECT ${COLUMNS} FROM recoveries WHERE (:status::text IS NULL OR status = :status) ORDER BY id DESC LIMIT :limit`,
    { status: filter.status ?? null, limit: filter.limit },
  );
  return found.map(toRecovery);
}

export async function setRecovery(
  trx: Trx,
  id: string,
  { covered, status }: Pick<Recovery, 'covered' | 'status'>,
): Promise<void> {
  await trx('recoveries')
    .where({ id })
    .update({
      margin_minor: covered.marginMinor.toString(),
      collateral_minor: covered.collateralMinor.toString(),
      default_fund_minor: covered.defaultFundMinor.toString(),
      capital_minor: covered.capitalMinor.toString(),
      status,
      ...(status !== 'called' && { ended_at: trx.fn.now() }),
    });
}
