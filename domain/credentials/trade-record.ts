/** The trade record an issuer may attest: how a principal did elsewhere. */
import { z } from 'zod';
import { isDateOrDateTime } from '../constraints';
import type { Json } from './snapshot';
import { refused, type RefusedCredential, type TradeRecord } from './types';

export const TRADE_RECORD_TYPE = 'TradeRecordCredential';

const share = z.number().min(0).max(1);
const schema = z.object({
  transactions: z.int().min(0).max(1_000_000_000),
  fulfilledShare: share,
  disputeShare: share,
  asOf: z.string().max(40).refine(isDateOrDateTime, 'not an RFC 3339 date or date-time'),
});

export function readTradeRecord(
  value: Json | undefined,
  now: Date,
): { record: TradeRecord } | RefusedCredential {
  const field = 'credentialSubject.tradeRecord';
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const path = [field, ...(issue?.path ?? [])].join('.');
    return refused('malformed', `the trade record is not valid: ${issue?.message ?? 'unknown'}`, path);
  }
  if (Date.parse(parsed.data.asOf) > now.getTime()) {
    return refused('malformed', 'the trade record is of the future', `${field}.asOf`);
  }
  return { record: parsed.data };
}
