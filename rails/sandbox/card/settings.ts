/** Settings of the card sandbox, `--set name=value`. */
import { z } from 'zod';
import type { CardSettings } from './processor';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const ms = (byDefault: number) => z.coerce.number().int().min(1).default(byDefault);

const schema = z.strictObject({
  authorizationTtlMs: ms(7 * DAY_MS),
  challengeTtlMs: ms(15 * MINUTE_MS),
  respondWithinMs: ms(7 * DAY_MS),
  webhookLateMs: ms(2_000),
  /** What a new card has to spend; 10,000,000.00 by default. */
  cardFundsMinor: z
    .string()
    .regex(/^\d{1,18}$/)
    .default('1000000000')
    .transform(BigInt),
  /** Where webhooks go; the operator can change it. */
  webhookUrl: z.url({ protocol: /^https?$/ }).optional(),
});

export function readSettings(given: Readonly<Record<string, string>>): {
  settings: CardSettings;
  webhookUrl: string | undefined;
} {
  const { webhookUrl, ...settings } = schema.parse(given);
  return { settings, webhookUrl };
}
