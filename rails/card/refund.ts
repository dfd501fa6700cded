/** Money back to the card it came from, whole or in part. */
import type { Instruction, RailAnswer, SignedInstruction } from '../../domain/settlement';
import type { CardDeps } from './deps';
import { wrapEvidence, type SignedText } from './evidence';
import { isAbout, prove } from './proof';
import { detailOf, read, unanswered, unknown } from './reading';
import { listOf, refundSchema, type Refund } from './wire';

export async function submitRefund(
  deps: CardDeps,
  { instruction }: SignedInstruction,
  signal?: AbortSignal,
): Promise<RailAnswer> {
  const { instruction_id: id, amount_minor, asset: currency, commitment_hash } = instruction;
  const exchange = await deps.client.ask(
    {
      method: 'POST',
      path: `/captures/${encodeURIComponent(instruction.returns_reference ?? '')}/refunds`,
      body: { amount_minor, currency, reference: id, commitment_hash },
      idempotencyKey: `refund-${id}`,
    },
    signal,
  );
  const reading = read(exchange, refundSchema);
  if (reading.kind !== 'read') return unanswered(reading);
  return conclude(deps, instruction, reading.value, reading.signed, signal);
}

export async function inquireRefund(
  deps: CardDeps,
  { instruction }: SignedInstruction,
  signal?: AbortSignal,
): Promise<RailAnswer> {
  const path = `/refunds?reference=${encodeURIComponent(instruction.instruction_id)}`;
  const reading = read(await deps.client.ask({ method: 'GET', path }, signal), listOf(refundSchema));
  if (reading.kind === 'refused') return unknown(detailOf(reading));
  if (reading.kind !== 'read') return unanswered(reading);
  const { value: list, signed } = reading;
  const [refund, ...more] = list.data;
  if (!refund) return { outcome: 'not_found', detail: 'the processor does not know it', as_of: list.as_of };
  // A refund that the processor doubled: the first is the instruction's, the other shows on the statement.
  return conclude(deps, instruction, more.reduce(earlier, refund), signed, signal);
}

function earlier(a: Refund, b: Refund): Refund {
  return a.id <= b.id ? a : b;
}

async function conclude(
  deps: CardDeps,
  instruction: Instruction,
  refund: Refund,
  signed: SignedText,
  signal: AbortSignal | undefined,
): Promise<RailAnswer> {
  if (!isAbout(refund, instruction) || refund.capture !== instruction.returns_reference)
    return unknown('the processor answered about something else');
  switch (refund.status) {
    case 'pending':
      return { outcome: 'pending', detail: 'the refund is on its way' };
    case 'failed': {
      const reason = refund.failure_code ?? 'refund_failed';
      const evidence = wrapEvidence('card:refund', signed);
      return { outcome: 'rejected', reason, detail: 'the processor refused the refund', evidence };
    }
    case 'succeeded':
      return proveRefund(deps, instruction, refund.id, signal);
  }
}

async function proveRefund(
  deps: CardDeps,
  instruction: Instruction,
  refundId: string,
  signal: AbortSignal | undefined,
): Promise<RailAnswer> {
  const path = `/refunds/${encodeURIComponent(refundId)}`;
  const reading = read(await deps.client.ask({ method: 'GET', path }, signal), refundSchema);
  if (reading.kind !== 'read') return unknown(`refunded, but not read again: ${detailOf(reading)}`);
  const { value: record, signed } = reading;
  const { business_date: businessDate, settled_at: executedAt } = record;
  if (record.id !== refundId || !isAbout(record, instruction) || record.status !== 'succeeded')
    return unknown('the processor answered about another refund');
  if (businessDate === null || executedAt === null) return unknown('a refund without its date');
  const { amount_minor: amountMinor, currency } = record;
  const execution = { amountMinor, currency, reference: refundId, businessDate, executedAt };
  return {
    outcome: 'executed',
    proof: prove(deps, instruction, execution, 'card:refund', signed),
    lines: [],
  };
}
