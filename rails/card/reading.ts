/** An answer of the processor as one of its records, or as what it refused. */
import type { z } from 'zod';
import type { RailAnswer } from '../../domain/settlement';
import { RailUnreachableError } from '../port';
import type { Exchange } from './client';
import { wrapEvidence, type SignedText } from './evidence';
import { errorSchema } from './wire';

export type Reading<T> =
  | { kind: 'read'; value: T; signed: SignedText }
  /** The processor carried nothing out, and says why. */
  | { kind: 'refused'; code: string; message: string; signed: SignedText }
  | { kind: 'unreached'; detail: string }
  | { kind: 'unknown'; detail: string };

/** Refusals of the question as such. Others, e.g. of the key or the rate, say nothing about an earlier attempt. */
const REFUSALS = new Set([400, 404, 422]);

export function read<T>(exchange: Exchange, schema: z.ZodType<T>): Reading<T> {
  if (exchange.kind !== 'answered') return exchange;
  const { status, body, signed } = exchange;
  if (status === 200 || status === 201) {
    const record = schema.safeParse(body);
    if (record.success) return { kind: 'read', value: record.data, signed };
    return { kind: 'unknown', detail: 'the processor answered with another kind of record' };
  }
  const refusal = errorSchema.safeParse(body);
  const code = refusal.success ? refusal.data.error.code : `http_${status}`;
  if (refusal.success && REFUSALS.has(status))
    return { kind: 'refused', code, message: refusal.data.error.message, signed };
  return { kind: 'unknown', detail: `the processor answered ${status} ${code}` };
}

export function unknown(detail: string): RailAnswer {
  return { outcome: 'unknown', detail };
}

/** What a reading that holds no record comes to, where the question was the first of its kind. */
export function unanswered(reading: Exclude<Reading<unknown>, { kind: 'read' }>): RailAnswer {
  switch (reading.kind) {
    case 'unreached':
      throw new RailUnreachableError(`nothing was sent: ${reading.detail}`);
    case 'unknown':
      return unknown(reading.detail);
    case 'refused': {
      const evidence = wrapEvidence('card:error', reading.signed);
      return { outcome: 'rejected', reason: reading.code, detail: reading.message, evidence };
    }
  }
}

/** The same after something has been sent already: then failing to reach the processor proves nothing. */
export function detailOf(reading: Exclude<Reading<unknown>, { kind: 'read' }>): string {
  return reading.kind === 'refused' ? `${reading.code}: ${reading.message}` : reading.detail;
}
