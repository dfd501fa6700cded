/** Refusals that tell what to pay. */
import type { PaymentRequired } from '@x402/core/types';
import { AuraError, type ErrorCode, type ErrorDetails } from '../../domain/errors';
import { paymentRequiredHeaders } from './requirements';

/** Carries the `PAYMENT-REQUIRED` header to whoever renders it. */
export class PaymentError extends AuraError {
  override name = 'PaymentError';
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    message: string | undefined,
    details: ErrorDetails,
    required: PaymentRequired,
  ) {
    super(code, message, { ...details, payment_required: required });
    this.headers = paymentRequiredHeaders(required);
  }
}
