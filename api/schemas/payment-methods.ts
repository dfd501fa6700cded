/** How parties pay and are paid: what they declare (protocol 1.0.0), and what a commit brings along. */
import { z } from 'zod';
import {
  isAmong,
  METHOD_NAMES,
  PAYMENT_STATUSES,
  PROTOCOL_METHODS,
  type DeclaredMethod,
} from '../../domain/payments';
import { PAYOUT_SCHEDULES } from '../../domain/settlement';
import { asset, decimal, extensions, id, text } from './common';

const MAX_ENTRIES = 20;

const list = <Item extends z.ZodType>(item: Item) => z.array(item).min(1).max(MAX_ENTRIES).optional();
const name = z.string().regex(/^[A-Za-z0-9][\w.:-]{0,49}$/, 'letters, digits, hyphens, dots, colons');
const symbol = z.string().regex(/^[A-Z][A-Z0-9]{1,9}$/, "a currency's or token's symbol");
const country = z.string().regex(/^[A-Z]{2}$/, 'ISO 3166-1 alpha-2');

export const methodName = z.enum(METHOD_NAMES);

const bankRail = z.enum(['rtp', 'fednow', 'ach', 'stablecoin']);

/** One entry of either list; `processor` is a beacon's word for what scouts call `tokenization_provider`. */
const declaredMethod = z.discriminatedUnion('type', [
  z.object({ type: z.literal('x402'), facilitators: list(text(200)), currencies: list(asset) }),
  z.object({
    type: z.literal('card'),
    networks: list(name),
    tokenization_provider: text(100).optional(),
    processor: text(100).optional(),
  }),
  z.object({ type: z.literal('bank_transfer'), regions: list(country), networks: list(name) }),
  z.object({ type: z.literal('crypto'), currencies: list(symbol), networks: list(name) }),
  z.object({ type: bankRail, currencies: list(asset) }),
]);

const methods = z.array(declaredMethod).min(1).max(MAX_ENTRIES);

const preferredAmong =
  (key: 'supported_methods' | 'accepted_methods') =>
  (
    given: { preferred_method?: z.infer<typeof methodName> } & Record<string, unknown>,
    context: z.RefinementCtx,
  ): void => {
    const { preferred_method: preferred } = given;
    if (preferred === undefined || isAmong(preferred, given[key] as DeclaredMethod[])) return;
    context.addIssue({ code: 'custom', path: ['preferred_method'], message: `not among ${key}` });
  };

export const scoutCapabilities = z
  .object({
    supported_methods: methods,
    preferred_method: methodName.optional(),
    default_currency: asset.optional(),
  })
  .superRefine(preferredAmong('supported_methods'))
  .meta({ id: 'ScoutPaymentCapabilities' });

export const beaconCapabilities = z
  .object({
    accepted_methods: methods,
    preferred_method: methodName.optional(),
    settlement_currency: asset.optional(),
    payout_schedule: z.enum(PAYOUT_SCHEDULES).optional(),
  })
  .superRefine(preferredAmong('accepted_methods'))
  .meta({ id: 'BeaconPaymentCapabilities' });

export const scoutCapabilitiesRequest = z
  .object({ payment_capabilities: scoutCapabilities, extensions })
  .meta({ id: 'ScoutPaymentCapabilitiesRequest' });
export const beaconCapabilitiesRequest = z
  .object({ payment_capabilities: beaconCapabilities, extensions })
  .meta({ id: 'BeaconPaymentCapabilitiesRequest' });

const declared = {
  /** Null before the first declaration: whatever the payment accounts allow. */
  updated_at: z.string().nullable(),
};
export const scoutCapabilitiesResponse = z
  .object({
    scout_id: id('scout'),
    payment_capabilities: scoutCapabilities.nullable(),
    ...declared,
  })
  .meta({ id: 'ScoutPaymentCapabilitiesResponse' });
export const beaconCapabilitiesResponse = z
  .object({
    beacon_id: id('beacon'),
    payment_capabilities: beaconCapabilities.nullable(),
    ...declared,
  })
  .meta({ id: 'BeaconPaymentCapabilitiesResponse' });

/** A payment by a facilitator's token, protocol 1.0.0. */
const facilitatorToken = z.object({
  /** Name or address of a facilitator that AURA knows. */
  facilitator: text(200).optional(),
  payment_token: z.string().min(8).max(200).optional(),
  currency: asset.optional(),
  /** The deal's total. */
  amount: decimal.optional(),
  idempotency_key: z
    .string()
    .regex(/^[\x21-\x7e]{1,128}$/, '1 to 128 visible ASCII characters')
    .optional(),
});

/** A test card; outside of the sandbox a card comes as the processor's token only. */
const card = z.object({
  number: z
    .string()
    .transform((digits) => digits.replaceAll(/[ -]/g, ''))
    .pipe(z.string().regex(/^\d{12,19}$/, 'the digits of a card number')),
  exp_month: z.int().min(1).max(12),
  exp_year: z.int().min(2000).max(2100),
  cvc: z
    .string()
    .regex(/^\d{3,4}$/, 'three or four digits')
    .optional(),
});

/** How a commit is paid. Without a type the method is negotiated. */
export const paymentMethod = z
  .object({
    type: methodName.optional(),
    mandate_id: id('mandate').optional(),
    /** Whether the deal may go on over another rail and mandate should this one fail. */
    fallback: z.boolean().optional(),
    card: card.optional(),
    /** A card by the processor's token. */
    token: z
      .string()
      .regex(/^[\x21-\x7e]{4,200}$/, '4 to 200 visible ASCII characters')
      .optional(),
    /** The last four digits of the card that the token stands for, to be shown. */
    last_four: z
      .string()
      .regex(/^\d{4}$/, 'four digits')
      .optional(),
    ...facilitatorToken.shape,
    x402_payment: facilitatorToken.optional(),
  })
  .superRefine(({ type, card: given, token, mandate_id: mandateId }, context) => {
    const extra = given ? 'card' : token !== undefined ? 'token' : undefined;
    const refuse = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (extra === undefined) return;
    if (type !== undefined && type !== 'card') refuse(extra, 'only with type card');
    else if (given && token !== undefined) refuse('token', 'either a card or a token');
    else if (mandateId !== undefined) refuse(extra, 'not along with mandate_id');
  })
  .meta({ id: 'PaymentMethod' });

/** What a deal shows of how it is paid. */
export const paymentTermsSchema = z.object({
  status: z.enum(PAYMENT_STATUSES),
  method: z.enum(PROTOCOL_METHODS),
  last_four: z.string().optional(),
  negotiated_method: z.enum(PROTOCOL_METHODS),
  facilitator: z.string().optional(),
  currency: z.string(),
  scout_preference_match: z.boolean(),
  beacon_preference_match: z.boolean(),
});

export type PaymentMethodBody = z.infer<typeof paymentMethod>;
