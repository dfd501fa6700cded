/** Each payment executed once: the rails' movements against AURA's instructions, one by one, both ways. */
import type { Check, Finding, Movement, Sources } from './sources';

interface Instruction {
  id: string;
  kind: string;
  subject: string;
  rail: string;
  status: string;
  amount: string;
  /** The rail's reference in the accepted proof. */
  reference: string | null;
  takenBack: boolean;
}

const INSTRUCTIONS = `
  SELECT i.id, i.kind, i.subject_id AS subject, i.rail, i.status, i.amount_minor::text AS amount,
    p.statement->>'reference' AS reference,
    EXISTS (SELECT 1 FROM rail_notices n WHERE n.instruction_id = i.id AND n.accepted) AS "takenBack"
  FROM instructions i LEFT JOIN proofs p ON p.instruction_id = i.id AND p.accepted`;

const INCOMING = new Set(['pay_in', 'deposit', 'net_pay_in']);

export const executedOnce: Check = {
  name: 'executed-once',
  says: 'what AURA holds executed the rail has booked once, for the same amount, and nothing else',
  async run(sources) {
    const instructions = await sources.sql.query<Instruction>(INSTRUCTIONS);
    const movements = assign(sources, instructions);
    return [
      ...instructions.flatMap((one) => judge(one, movements.get(one.id) ?? [])),
      ...strangers(movements),
    ];
  },
};

export const paidOnce: Check = {
  name: 'paid-once',
  says: 'a deal that stands is paid by exactly one execution that was not taken back, as is a payout or a refund',
  async run(sources) {
    const instructions = await sources.sql.query<Instruction>(INSTRUCTIONS);
    const movements = assign(sources, instructions);
    const executions = new Map<string, number>();
    for (const { id, kind, subject, takenBack } of instructions) {
      const booked = movements.get(id)?.length ?? 0;
      const key = `${kind} ${subject}`;
      executions.set(key, (executions.get(key) ?? 0) + (takenBack ? Math.max(0, booked - 1) : booked));
    }
    const standing = await sources.sql.query<{ key: string }>(
      `SELECT 'pay_in ' || id AS key FROM transactions WHERE clearing_state IN ('settled', 'cleared', 'refunded')
         AND id NOT IN (SELECT instruction_deals.id FROM (SELECT transaction_id AS id FROM instructions i
           JOIN rail_notices n ON n.instruction_id = i.id AND n.accepted WHERE i.transaction_id IS NOT NULL) instruction_deals)
         AND id IN (SELECT subject_id FROM instructions WHERE kind = 'pay_in')
       UNION ALL SELECT 'payout ' || id FROM payouts WHERE status = 'proved'
       UNION ALL SELECT 'refund ' || id FROM refunds WHERE status = 'proved'`,
    );
    const finding = (harm: Finding['harm'], subject: string, detail: string): Finding => ({
      check: 'paid-once',
      harm,
      subject,
      detail,
    });
    return [
      ...[...executions]
        .filter(([, count]) => count > 1)
        .map(([key, count]) => finding('doubled', key, `was executed ${count} times`)),
      ...standing
        .filter(({ key }) => (executions.get(key) ?? 0) === 0)
        .map(({ key }) => finding('lost', key, 'counts as paid, and no rail has executed it')),
    ];
  },
};

/** By instruction; what belongs to none is under its own reference. */
function assign({ rails }: Sources, instructions: readonly Instruction[]): Map<string, Movement[]> {
  const byId = new Set(instructions.map(({ id }) => id));
  const byReference = new Map(
    instructions.flatMap(({ id, rail, reference }) =>
      reference === null ? [] : [[`${rail} ${reference}`, id] as const],
    ),
  );
  const assigned = new Map<string, Movement[]>();
  for (const movement of rails.movements) {
    const { instructionId, rail, reference } = movement;
    const known =
      instructionId !== null && byId.has(instructionId)
        ? instructionId
        : byReference.get(`${rail} ${reference}`);
    const key = known ?? `${rail} ${reference}`;
    assigned.set(key, [...(assigned.get(key) ?? []), movement]);
  }
  return assigned;
}

function judge(instruction: Instruction, moved: readonly Movement[]): Finding[] {
  const { id, kind, rail, status, amount } = instruction;
  const finding = (harm: Finding['harm'], detail: string): Finding => ({
    check: 'executed-once',
    harm,
    subject: id,
    detail: `${kind} over ${rail}, ${status}: ${detail}`,
  });
  const executed = status === 'executed' || status === 'reversed' || status === 'nonconforming';
  if (moved.length > 1) return [finding('doubled', `${moved.length} bookings at the rail`)];
  const [one] = moved;
  if (executed && !one) return [finding('lost', 'the rail has no booking of it')];
  if (!executed && one && status !== 'signed' && status !== 'unknown')
    return [finding('doubled', `the rail has booked it as ${one.reference}`)];
  if (!one || status === 'nonconforming') return [];
  const direction = INCOMING.has(kind) ? 'in' : 'out';
  if (one.amountMinor !== BigInt(amount) || one.direction !== direction)
    return [finding('unbalanced', `${amount} was instructed, and ${one.amountMinor} went ${one.direction}`)];
  return [];
}

/** Movements on AURA's account that AURA knows nothing of. */
function strangers(movements: ReadonlyMap<string, readonly Movement[]>): Finding[] {
  return [...movements]
    .filter(([key]) => !key.startsWith('ins_'))
    .flatMap(([subject, moved]) =>
      moved.map(({ direction, amountMinor }) => ({
        check: 'executed-once',
        harm: 'doubled' as const,
        subject,
        detail: `${amountMinor} went ${direction}, and no instruction tells of it`,
      })),
    );
}
