import { z } from 'zod';
import { TRUST_LEVELS } from '../../domain/trust';
import { categorySchema, countrySchema } from '../../domain/constraints';
import { asset, decimal, extensions, id, instant, rail, text } from './common';

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
    api_version: z.string(),
    created_at: z.string(),
  })
  .meta({ id: 'Agent' });

export const agentParams = z.object({ agent_id: z.string().max(40) });
export const principalParams = z.object({ principal_id: z.string().max(40) });

export const paymentAccountRequest = z
  .object({
    rail,
    currency: asset.default('USD'),
    routing_number: z.string().regex(/^\d{9}$/, 'nine digits'),
    account_number: z.string().regex(/^[0-9A-Za-z]{4,34}$/, '4 to 34 letters and digits'),
    holder_name: text(140),
    extensions,
  })
  .meta({ id: 'PaymentAccountRequest' });

export const paymentAccountResponse = z
  .object({
    account_id: id('paymentAccount'),
    rail,
    currency: z.string(),
    routing_number: z.string(),
    account_number_last4: z.string(),
    holder_name: z.string(),
  })
  .meta({ id: 'PaymentAccount' });

export const mandateRequest = z
  .object({ account_id: id('paymentAccount'), ceiling: decimal, expires_at: instant, extensions })
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
    status: z.enum(['requested', 'accepted', 'rejected']),
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
