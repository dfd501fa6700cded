import { z } from 'zod';
import { ACCOUNT_FORMS, RAIL_TERMS } from '../../domain/rail-terms';
import { TRUST_LEVELS } from '../../domain/trust';
import { categorySchema, countrySchema } from '../../domain/constraints';
import { asset, decimal, extensions, id, instant, rail, text } from './common';

export const webAddress = z.string().trim().min(1).max(2_048);
export const capabilitiesSchema = z
  .array(z.string().regex(/^[\w.:-]{1,60}$/, 'letters, digits, "_", "-", "." and ":"'))
  .max(50);

const publicKey = z.union([z.string().max(2_000), z.record(z.string(), z.unknown())]);

export const principalRequest = z
  .object({
    name: text(200).optional(),
    public_key: publicKey,
    credentials: z.array(z.unknown()).max(10).default([]),
    extensions,
  })
  .meta({ id: 'PrincipalRequest' });

export const principalResponse = z
  .object({
    principal_id: id('principal'),
    name: z.string(),
    trust_level: z.enum(TRUST_LEVELS),
    trust_profile: z.object({
      level: z.enum(TRUST_LEVELS),
      credentials: z.array(
        z.object({
          kind: z.string(),
          issuer: z.string(),
          level: z.enum(TRUST_LEVELS),
          valid_until: z.string(),
          summary: z.string(),
        }),
      ),
      profiles: z.record(z.string(), z.object({ may: z.array(z.string()), may_not: z.array(z.string()) })),
    }),
    public_key: z.string(),
    status: z.string(),
    created_at: z.string(),
  })
  .meta({ id: 'Principal' });

export const agentRequest = z
  .object({
    public_key: publicKey,
    principal_id: id('principal'),
    role: z.enum(['scout', 'beacon']).default('scout'),
    name: text(200).optional(),
    /** Largest open exposure per asset. */
    capacity: z.record(asset, decimal).default({}),
    categories: z.array(categorySchema).max(50).default([]),
    ships_to: z.array(countrySchema).max(250).default([]),
    /** Where events are told: a beacon's webhook, a scout's callback. */
    webhook_url: webAddress.optional(),
    callback_url: webAddress.optional(),
    capabilities: capabilitiesSchema.default([]),
    merchant_name: text(200).optional(),
    principal_signature: z.string().max(100).optional(),
    extensions,
  })
  .meta({ id: 'AgentRequest' });

export const agentResponse = z
  .object({
    agent_id: z.string(),
    principal_id: id('principal'),
    role: z.string(),
    name: z.string(),
    status: z.string(),
    capacity: z.record(z.string(), z.string()),
    categories: z.array(z.string()),
    ships_to: z.array(z.string()),
    capabilities: z.array(z.string()),
    webhook_url: z.string().nullable().optional(),
    callback_url: z.string().nullable().optional(),
    merchant_name: z.string().nullable(),
    verification_status: z.string(),
    api_version: z.string(),
    created_at: z.string(),
  })
  .meta({ id: 'Agent' });

export const agentParams = z.object({ agent_id: z.string().max(40) });
export const principalParams = z.object({ principal_id: z.string().max(40) });

/** By the rail's account form: a bank account, a card by the processor's token, or a wallet. */
export const paymentAccountRequest = z
  .object({
    rail,
    currency: asset.default('USD'),
    routing_number: z
      .string()
      .regex(/^\d{9}$/, 'nine digits')
      .optional(),
    account_number: z
      .string()
      .regex(/^[0-9A-Za-z]{4,34}$/, '4 to 34 letters and digits')
      .optional(),
    account_type: z.enum(['checking', 'savings']).optional(),
    business: z.boolean().optional(),
    token: z
      .string()
      .regex(/^[A-Za-z0-9_-]{6,120}$/, "the processor's token, never a card number")
      .refine((value) => !/^\d{12,19}$/.test(value), 'a card number is not taken: send the token of it')
      .optional(),
    address: z
      .string()
      .regex(/^0x[0-9a-fA-F]{40}$/, 'a wallet address')
      .optional(),
    holder_name: text(140),
    extensions,
  })
  .superRefine((value, context) => {
    for (const field of FIELDS_OF_FORM[RAIL_TERMS[value.rail].accountForm]) {
      if (value[field] === undefined) {
        context.addIssue({ code: 'custom', path: [field], message: `is required for ${value.rail}` });
      }
    }
  })
  .meta({ id: 'PaymentAccountRequest' });

const FIELDS_OF_FORM = {
  bank: ['routing_number', 'account_number'],
  card: ['token'],
  wallet: ['address'],
} as const;

export const paymentAccountResponse = z
  .object({
    account_id: id('paymentAccount'),
    rail,
    currency: z.string(),
    form: z.enum(ACCOUNT_FORMS),
    routing_number: z.string().optional(),
    account_number_last4: z.string().optional(),
    token_last4: z.string().optional(),
    address: z.string().optional(),
    holder_name: z.string(),
  })
  .meta({ id: 'PaymentAccount' });

const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^0x[0-9a-fA-F]{${bytes * 2}}$`), `${bytes} bytes in hex`);
const atomic = z.string().regex(/^(0|[1-9]\d{0,37})$/, 'a whole number');

export const transferAuthorization = z
  .object({
    from: hex(20),
    to: hex(20),
    value: atomic,
    validAfter: atomic,
    validBefore: atomic,
    nonce: hex(32),
    signature: hex(65),
  })
  .meta({ id: 'TransferAuthorization' });

export const mandateRequest = z
  .object({
    account_id: id('paymentAccount'),
    ceiling: decimal,
    expires_at: instant,
    /** What the payer signed, where the rail asks for it: an EIP-3009 transfer of exactly the ceiling to AURA's wallet. */
    authorization: transferAuthorization.optional(),
    extensions,
  })
  .meta({ id: 'MandateRequest' });

export const mandateParams = z.object({ mandate_id: z.string().max(40) });

export const mandateResponse = z
  .object({
    mandate_id: id('mandate'),
    account_id: id('paymentAccount'),
    rail,
    currency: z.string(),
    ceiling: z.string(),
    used: z.string(),
    status: z.enum(['requested', 'action_required', 'accepted', 'rejected']),
    /** Where the payer confirms, e.g. a 3-D Secure challenge. */
    action_url: z.string().nullable(),
    reference: z.string().nullable(),
    refusal: z.string().nullable(),
    expires_at: z.string(),
  })
  .meta({ id: 'Mandate' });

export const accountsResponse = z
  .object({
    principal_id: id('principal'),
    accounts: z.array(z.object({ kind: z.string(), currency: z.string(), balance: z.string() })),
    open_margin_calls: z.array(z.string()),
  })
  .meta({ id: 'Accounts' });

export const depositRequest = z
  .object({ mandate_id: id('mandate'), amount: decimal, currency: asset.default('USD'), extensions })
  .meta({ id: 'DepositRequest' });

export const depositParams = z.object({ deposit_id: z.string().max(40) });

export const depositResponse = z
  .object({
    deposit_id: id('deposit'),
    status: z.enum(['pending', 'proved', 'failed']),
    amount: z.string(),
    currency: z.string(),
    rail,
    created_at: z.string(),
  })
  .meta({ id: 'Deposit' });
