/** Payment capabilities between the wire and the books. */
import type { z } from 'zod';
import type { PaymentCapabilities } from '../../domain/payments';
import type { beaconCapabilities, scoutCapabilities } from '../schemas/payment-methods';

export function fromScout(given: z.infer<typeof scoutCapabilities>): PaymentCapabilities {
  return {
    methods: given.supported_methods,
    preferredMethod: given.preferred_method,
    defaultCurrency: given.default_currency,
  };
}

export function fromBeacon(given: z.infer<typeof beaconCapabilities>): PaymentCapabilities {
  return {
    methods: given.accepted_methods,
    preferredMethod: given.preferred_method,
    settlementCurrency: given.settlement_currency,
    payoutSchedule: given.payout_schedule,
  };
}

export function toScout({ methods, preferredMethod, defaultCurrency }: PaymentCapabilities) {
  return {
    supported_methods: methods,
    preferred_method: preferredMethod,
    default_currency: defaultCurrency,
  };
}

/** With the payout schedule that holds now, which can be set on its own too. */
export function toBeacon(
  { methods, preferredMethod, settlementCurrency }: PaymentCapabilities,
  payoutSchedule: PaymentCapabilities['payoutSchedule'],
) {
  return {
    accepted_methods: methods,
    preferred_method: preferredMethod,
    settlement_currency: settlementCurrency,
    payout_schedule: payoutSchedule,
  };
}
