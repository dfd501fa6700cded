/** What was reported of a deal's delivery. */
import { rows, type Queryable, type Trx } from './db';
import { open, seal } from './vault';

export async function insertFulfilment(
  trx: Trx,
  fulfilment: {
    transactionId: string;
    status: string;
    reportedBy: string;
    evidence: Record<string, unknown>;
  },
): Promise<void> {
  await trx('fulfilments')
    .insert({
      transaction_id: fulfilment.transactionId,
      status: fulfilment.status,
      reported_by: fulfilment.reportedBy,
      ...(await seal(
        trx,
        'fulfilments',
        {
          row: `${fulfilment.transactionId}:${fulfilment.status}`,
          subject: fulfilment.transactionId,
        },
        { evidence: fulfilment.evidence },
      )),
    })
    .onConflict(['transaction_id', 'status'])
    .ignore();
}

export interface Fulfilment {
  status: 'shipped' | 'delivered';
  reportedBy: string;
  evidence: Record<string, unknown>;
  at: Date;
}

export async function fulfilmentsOf(db: Queryable, transactionId: string): Promise<Fulfilment[]> {
  const found = await rows<Fulfilment>(
    db,
    `SELECT status, reported_by AS "reportedBy", evidence, at FROM fulfilments WHERE transaction_id = ? ORDER BY seq`,
    [transactionId],
  );
  const fields = { evidence: 'evidence' } as const;
  return open(db, 'fulfilments', found, fields, ({ status }) => `${transactionId}:${status}`);
}
