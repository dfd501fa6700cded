/** What a rail's statement says, and money at a rail that no instruction explains. Amounts are in the rail's asset. */
import { railOwner } from './accounts';
import { credit, debit, entry, of, type Amount, type Entry } from './entry';

/** A line of the rail's statement that matches an instruction: what was proved becomes cash. */
export function statementLine(
  input: Amount & {
    lineId: string;
    transactionId: string | null;
    rail: string;
    direction: 'credit' | 'debit';
    feeMinor: bigint;
  },
): Entry {
  const { lineId, transactionId, rail, asset, amountMinor, direction, feeMinor } = input;
  const cash = of(railOwner(rail), 'cash', asset);
  const unreconciled = of(railOwner(rail), 'unreconciled', asset);
  const fees = of(railOwner(rail), 'rail_fees', asset);
  return entry(
    'statement_line',
    lineId,
    transactionId,
    direction === 'credit'
      ? [debit(cash, amountMinor - feeMinor), debit(fees, feeMinor), credit(unreconciled, amountMinor)]
      : [debit(unreconciled, amountMinor), debit(fees, feeMinor), credit(cash, amountMinor + feeMinor)],
  );
}

/** A line that an operator accepted although nothing of AURA's explains it: its money waits in suspense. */
export function unmatchedLine(
  input: Amount & { lineId: string; rail: string; direction: 'credit' | 'debit' },
): Entry {
  const { lineId, rail, asset, amountMinor, direction } = input;
  const cash = of(railOwner(rail), 'cash', asset);
  const suspense = of(railOwner(rail), 'suspense', asset);
  return entry(
    'unmatched_line',
    lineId,
    null,
    direction === 'credit'
      ? [debit(cash, amountMinor), credit(suspense, amountMinor)]
      : [debit(suspense, amountMinor), credit(cash, amountMinor)],
  );
}

/** Money that arrived without an instruction it conforms to waits in suspense. */
export function unknownReceipt(
  input: Amount & { receiptId: string; rail: string; transactionId: string | null },
): Entry {
  const { receiptId, rail, asset, amountMinor, transactionId } = input;
  return entry('unknown_receipt', receiptId, transactionId, [
    debit(of(railOwner(rail), 'unreconciled', asset), amountMinor),
    credit(of(railOwner(rail), 'suspense', asset), amountMinor),
  ]);
}

export function receiptSentBack(
  input: Amount & { receiptId: string; rail: string; transactionId: string | null },
): Entry {
  const { receiptId, rail, asset, amountMinor, transactionId } = input;
  return entry('receipt_sent_back', receiptId, transactionId, [
    debit(of(railOwner(rail), 'suspense', asset), amountMinor),
    credit(of(railOwner(rail), 'unreconciled', asset), amountMinor),
  ]);
}
