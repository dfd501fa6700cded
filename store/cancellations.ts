/** A party's wish to end a deal before fulfilment. */
import { rows, type Queryable, type Trx } from './db';

export interface Cancellation {
  transactionId: string;
  requestedBy: string;
  principalId: string;
  reason: string;
  penaltyMinor: bigint;
}

/** Stores the wish; the first one of a deal stands. */
export async function insertCancellation(trx: Trx, wish: Cancellation): Promise<void> {
  await trx('cancellations')
    .insert({
      transaction_id: wish.transactionId,
      requested_by: wish.requestedBy,
      principal_id: wish.principalId,
      reason: wish.reason,
      penalty_minor: wish.penaltyMinor.toString(),
    })
    .onConflict('transaction_id')
    .ignore();
}

export async function cancellationOf(
  db: Queryable,
  transactionId: string,
): Promise<Cancellation | undefined> {
  const [found] = await rows<Omit<Cancellation, 'penaltyMinor'> & { penalty: string }>(
    db,
    `SELECT transaction_id AS "transactionId", requested_by AS "requestedBy", principal_id AS "principalId", reason,
       penalty_minor AS penalty FROM cancellations WHERE transaction_id = ?`,
    [transactionId],
  );
  if (!found) return undefined;
  const { penalty, ...rest } = found;
  return { ...rest, penaltyMinor: BigInt(penalty) };
}
