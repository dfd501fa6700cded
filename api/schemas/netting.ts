import { z } from 'zod';
import { CYCLE_STATUSES, NET_PAYMENT_STATUSES, NETTED_DEAL_STATUSES } from '../../domain/netting';
import { asset, decimal, extensions, id, rail } from './common';

export const membershipRequest = z
  .object({
    rail,
    currency: asset.default('USD'),
    active: z.boolean(),
    /** The most that a cycle may ask of the principal. */
    debit_cap: decimal.nullish(),
    extensions,
  })
  .meta({ id: 'NettingMembershipRequest' });

const membership = z.object({
  principal_id: z.string(),
  rail,
  currency: z.string(),
  active: z.boolean(),
  debit_cap: z.string().nullable(),
  updated_at: z.string(),
});
export const membershipResponse = membership.meta({ id: 'NettingMembership' });
export const membershipsResponse = z.object({ memberships: z.array(membership) });

export const cycleParams = z.object({ cycle_id: id('cycle') });
export const cycleQuery = z.object({ format: z.enum(['json', 'csv']).default('json') });
export const cyclesQuery = z.object({
  rail: rail.optional(),
  status: z.enum(CYCLE_STATUSES).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  format: z.enum(['json', 'csv']).default('json'),
});

const cycle = z.object({
  cycle_id: z.string(),
  rail,
  currency: z.string(),
  status: z.enum(CYCLE_STATUSES),
  /** How often it was closed: once, and once more each time that participants fell out. */
  generation: z.int(),
  opened_at: z.string(),
  closed_at: z.string().nullable(),
  deals_settled_at: z.string().nullable(),
  ended_at: z.string().nullable(),
  cleared_at: z.string().nullable(),
});
export const cyclesResponse = z.object({ cycles: z.array(cycle) });

export const cycleResponse = cycle
  .extend({
    positions: z.array(
      z.object({
        principal_id: z.string(),
        received: z.string(),
        owed: z.string(),
        /** Negative where the principal pays. */
        net: z.string(),
      }),
    ),
    payments: z.array(
      z.object({
        payment_id: z.string(),
        principal_id: z.string(),
        generation: z.int(),
        direction: z.enum(['in', 'out']),
        amount: z.string(),
        status: z.enum(NET_PAYMENT_STATUSES),
        cause: z.string().nullable(),
      }),
    ),
    deals: z.array(
      z.object({
        transaction_id: z.string(),
        buyer_principal_id: z.string(),
        seller_principal_id: z.string(),
        total: z.string(),
        fee: z.string(),
        status: z.enum(NETTED_DEAL_STATUSES),
        deferrals: z.int(),
        reason: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'NettingCycle' });
