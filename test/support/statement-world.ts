/** Many instructions, proofs, notices and statement lines at once, with the ledger entries that belong to them. */
import { newId } from '../../domain/ids';
import { receiptSentBack, unknownReceipt, type Entry } from '../../domain/ledger/postings';
import type { RailName, StatementLine } from '../../domain/settlement';
import { inTransaction, type Db } from '../../store/db';
import { postEntries } from '../../store/ledger';
import { ingestLines } from '../../store/statements';

export const NETWORK = 'sandbox';
const CHUNK = 1_000;

export interface WorldMovement {
  id: string;
  kind: 'deposit' | 'payout';
  status: 'executed' | 'rejected';
  amountMinor: bigint;
  reference: string;
  line: string;
  /** RFC 3339. */
  at: string;
  transactionId?: string;
}

export function aMovement(wish: Partial<WorldMovement> & { at: string }): WorldMovement {
  const id = newId('instruction');
  return {
    id,
    kind: 'deposit',
    status: 'executed',
    amountMinor: 10_000n,
    reference: `R-${id}`,
    line: '0',
    ...wish,
  };
}

/** The line a statement has for a movement. */
export function lineFor(
  rail: RailName,
  movement: WorldMovement,
  change: Partial<StatementLine> = {},
): StatementLine {
  return {
    rail,
    network: NETWORK,
    business_date: movement.at.slice(0, 10),
    reference: movement.reference,
    line: movement.line,
    direction: movement.kind === 'deposit' ? 'credit' : 'debit',
    amount_minor: movement.amountMinor.toString(),
    fee_minor: '0',
    asset: 'USD',
    instruction_id: movement.id,
    booked_at: movement.at,
    source_format: 'test',
    ...change,
  };
}

/** Stores instructions with their accepted proofs, and books them as `unreconciled` against suspense. */
export async function storeMovements(
  db: Db,
  rail: RailName,
  movements: readonly WorldMovement[],
): Promise<void> {
  for (let at = 0; at < movements.length; at += CHUNK) {
    const chunk = movements.slice(at, at + CHUNK);
    await inTransaction(db, async (trx) => {
      await trx.raw(
        `INSERT INTO instructions (id, kind, subject_id, rail, asset, amount_minor, document, key_id, signature,
           commitment_hash, status, created_at, expires_at, transaction_id)
         SELECT m.id, m.kind, 'sub_' || m.id, ?, 'USD', m.amount, '{}', 'test', 'test', repeat('c', 64), m.status, m.at,
           m.at + interval '1 minute', m.transaction
         FROM jsonb_to_recordset(?::jsonb) AS m(id text, kind text, amount numeric, status text, at timestamptz, transaction text)`,
        [
          rail,
          JSON.stringify(
            chunk.map(({ amountMinor, transactionId, ...one }) => ({
              ...one,
              amount: amountMinor.toString(),
              transaction: transactionId,
            })),
          ),
        ],
      );
      const proved = chunk.filter(({ status }) => status === 'executed');
      await trx.raw(
        `INSERT INTO proofs (id, instruction_id, statement, key_id, signature, evidence, accepted, checks)
         SELECT p.id, p.instruction, p.statement, 'test', 'test', '', true, '[1,2,3,4,5]'
         FROM jsonb_to_recordset(?::jsonb) AS p(id text, instruction text, statement jsonb)`,
        [
          JSON.stringify(
            proved.map((one) => ({ id: newId('proof'), instruction: one.id, statement: proofOf(rail, one) })),
          ),
        ],
      );
      await postEntries(
        trx,
        proved.map((one) => entryOf(rail, one)),
      );
    });
  }
}

function proofOf(rail: RailName, { id, amountMinor, reference, line, at }: WorldMovement) {
  return {
    rail,
    network: NETWORK,
    instruction_id: id,
    amount_minor: amountMinor.toString(),
    asset: 'USD',
    reference,
    line,
    business_date: at.slice(0, 10),
    executed_at: at,
  };
}

function entryOf(rail: RailName, { id, kind, amountMinor }: WorldMovement): Entry {
  const input = { receiptId: id, rail, transactionId: null, asset: 'USD', amountMinor };
  return kind === 'deposit' ? unknownReceipt(input) : receiptSentBack(input);
}

export interface WorldNotice {
  id: string;
  about: WorldMovement;
  kind: 'chargeback' | 'reorganisation';
  amountMinor: bigint;
  feeMinor: bigint;
  reference: string;
  at: string;
}

/** Stores accepted notices that took money back, with the entry the ledger has of them. */
export async function storeNotices(db: Db, rail: RailName, notices: readonly WorldNotice[]): Promise<void> {
  for (const notice of notices) {
    await inTransaction(db, async (trx) => {
      await trx('rail_notices').insert({
        id: notice.id,
        rail,
        network: NETWORK,
        notice_id: `told-${notice.id}`,
        kind: notice.kind,
        instruction_id: notice.about.id,
        statement: JSON.stringify({
          ...proofOf(rail, notice.about),
          amount_minor: notice.amountMinor.toString(),
          fee_minor: notice.feeMinor.toString(),
          reference: notice.reference,
          line: '0',
          business_date: notice.at.slice(0, 10),
          occurred_at: notice.at,
        }),
        key_id: 'test',
        signature: 'test',
        evidence: '',
        accepted: true,
        effect: 'reversed',
      });
      const taken = {
        ...entryOf(rail, {
          ...notice.about,
          kind: 'payout',
          amountMinor: notice.amountMinor + notice.feeMinor,
        }),
      };
      await postEntries(trx, [{ ...taken, event: 'reversal', key: `reversal:${notice.id}` }]);
    });
  }
}

export async function storeLines(
  db: Db,
  lines: readonly StatementLine[],
  runId: string | null,
): Promise<void> {
  for (let at = 0; at < lines.length; at += CHUNK) await ingestLines(db, lines.slice(at, at + CHUNK), runId);
}
