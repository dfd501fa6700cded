/** A party's wish to end a deal before fulfilment. */
import { rows, type Queryable, type Trx } from './db';
import { open, seal } from './vault';

export interface Cancellation {
  transactionId: string;
  requestedBy: string;
  principalId: string;
  reason: string;
  /** In the canceller's own words; may hold personal data. */
  comments: string | null;
  penaltyMinor: bigint;
  at: Date;
}

type NewCancellation = Omit<Cancellation, 'at' | 'comments'> & Partial<Pick<Cancellation, 'comments'>>;

/** Stores the wish; the first one of a deal stands. */
export async function insertCancellation(trx: Trx, wish: NewCancellation): Promise<void> {
  await trx('cancellations')
    .insert({
      transaction_id: wish.transactionId,
      requested_by: wish.requestedBy,
      principal_id: wish.principalId,
      ...(await seal(
        trx,
        'cancellations',
        { row: wish.transactionId, subject: wish.transactionId },
        { reason: wish.reason, comments: wish.comments },
      )),
      penalty_minor: wish.penaltyMinor.toString(),
    })
    .onConflict('transaction_id')
    .ignore();
}

export async function cancellationOf(
  db: Queryable,
  transactionId: string,
): Promise<Cancellation | undefined> {
  return (await cancellationsOf(db, [transactionId])).get(transactionId);
}

/** The wishes that stand of these deals, by transaction id. */
export async function cancellationsOf(
  db: Queryable,
  transactionIds: readonly string[],
): Promise<Map<string, Cancellation>> {
  const found = await rows<Omit<Cancellation, 'penaltyMinor'> & { penalty: string }>(
    db,
    `SELECT transaction_id AS "transactionId", requested_by AS "requestedBy", principal_id AS "principalId", reason,
       comments, penalty_minor AS penalty, at FROM cancellations WHERE transaction_id = ANY(?)`,
    [[...transactionIds]],
  );
  const fields = { reason: 'reason', comments: 'comments' } as const;
  await open(db, 'cancellations', found, fields, ({ transactionId }) => transactionId);
  return new Map(
    found.map(({ penalty, ...rest }) => [rest.transactionId, { ...rest, penaltyMinor: BigInt(penalty) }]),
  );
}
