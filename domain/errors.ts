/** The catalogue of errors: every code that can leave the API, its HTTP status and whether trying again can help. */

interface CatalogueEntry {
  readonly status: number;
  readonly description: string;
  readonly retryable: boolean;
}

const entry = (status: number, description: string, retryable = false): CatalogueEntry => ({
  status,
  description,
  retryable,
});

export const ERROR_CATALOGUE = {
  INVALID_REQUEST: entry(400, 'The request is malformed or lacks a required field.'),
  INVALID_PARAMETER: entry(400, 'A parameter has the wrong form or is out of range.'),
  AUTHENTICATION_REQUIRED: entry(401, 'Authentication is missing or not valid.'),
  INVALID_API_KEY: entry(401, 'The API key is not known, has ended, or is not of this environment.'),
  INVALID_SIGNATURE: entry(401, 'The signature does not verify, is stale, or was used before.'),
  PAYMENT_REQUIRED: entry(402, 'The commit has to be paid for; the PAYMENT-REQUIRED header says how.'),
  PAYMENT_INVALID: entry(
    402,
    'The payment is malformed, or not what was asked for; details give the reason.',
  ),
  PAYMENT_SIGNATURE_INVALID: entry(402, 'The payment is not signed by the account that pays.'),
  PAYMENT_AMOUNT_MISMATCH: entry(402, 'The payment is for another amount.'),
  PAYMENT_NETWORK_MISMATCH: entry(402, 'The payment is for another network.'),
  PAYMENT_EXPIRED: entry(402, 'The payment is not valid now, or not for as long as settling takes.'),
  PAYMENT_DECLINED: entry(
    402,
    "The payer's bank or card declined; details give its reason. Nothing was committed.",
  ),
  PAYMENT_ACTION_REQUIRED: entry(
    402,
    'The payer has to confirm at details.action_url (3-D Secure); then send the same commit again.',
  ),
  INSUFFICIENT_PERMISSIONS: entry(403, 'The agent may not do this.'),
  AGENT_SUSPENDED: entry(403, 'The agent or its principal is suspended.'),
  BUSINESS_RULE_VIOLATION: entry(
    403,
    'The commitment gate or a policy refused; details name the step and the rule.',
  ),
  PRINCIPAL_NOT_FOUND: entry(404, 'There is no such principal.'),
  AGENT_NOT_FOUND: entry(404, 'There is no such agent.'),
  PROFILE_NOT_FOUND: entry(404, 'There is no such market profile.'),
  SESSION_NOT_FOUND: entry(404, 'There is no such session.'),
  OFFER_NOT_FOUND: entry(404, 'There is no such offer.'),
  TRANSACTION_NOT_FOUND: entry(404, 'There is no such transaction.'),
  DISPUTE_NOT_FOUND: entry(404, 'There is no such dispute.'),
  RESOURCE_NOT_FOUND: entry(404, 'There is nothing at this address.'),
  METHOD_NOT_ALLOWED: entry(405, 'This address does not answer that method.'),
  SESSION_STATE_CONFLICT: entry(409, 'The operation does not fit the current state.'),
  OFFER_EXPIRED: entry(409, 'The offer is no longer valid.'),
  OFFER_ALREADY_COMMITTED: entry(409, 'The offer has been committed to already.'),
  IDEMPOTENCY_CONFLICT: entry(409, 'The idempotency key was used with another request.'),
  RAIL_KEY_CONFLICT: entry(409, 'The key or its id was registered before, for something else.'),
  TRANSMISSION_CLAIMED: entry(
    409,
    'The right to send this instruction was given before, or can be given no more; only inquire.',
  ),
  PAYMENT_ALREADY_USED: entry(409, 'The payment was used for another commit.'),
  PAYLOAD_TOO_LARGE: entry(413, 'The request body is larger than 1 MiB.'),
  UNSUPPORTED_MEDIA_TYPE: entry(415, 'The request body must be JSON in UTF-8.'),
  CREDENTIAL_INVALID: entry(422, 'A credential could not be verified; details give the reason.'),
  INTERPRETATION_FAILED: entry(422, 'The intent could not be interpreted.'),
  NO_MATCHING_BEACONS: entry(422, 'No seller is available for this request.'),
  RATE_LIMITED: entry(429, 'Too many requests.', true),
  INTERNAL_ERROR: entry(500, 'An unexpected error; it has been logged under the request id.'),
  BEACON_UNAVAILABLE: entry(502, 'The seller could not be reached.', true),
  SERVICE_UNAVAILABLE: entry(503, 'Temporarily unavailable.', true),
  BEACON_TIMEOUT: entry(504, 'The seller did not answer in time.', true),
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

export type ErrorDetails = Readonly<Record<string, unknown>>;

/** An expected refusal. Everything else that is thrown is a bug and becomes `INTERNAL_ERROR`. */
export class AuraError extends Error {
  override name = 'AuraError';
  constructor(
    readonly code: ErrorCode,
    message: string = ERROR_CATALOGUE[code].description,
    readonly details: ErrorDetails = {},
  ) {
    super(message);
  }

  get status(): number {
    return ERROR_CATALOGUE[this.code].status;
  }
}

/** A refusal as a value, for results that cross a workflow or the database. */
export interface Refusal {
  code: ErrorCode;
  message: string;
  details: ErrorDetails;
}

export function refusal(code: ErrorCode, details: ErrorDetails = {}, message?: string): Refusal {
  return { code, message: message ?? ERROR_CATALOGUE[code].description, details };
}

export function toError({ code, message, details }: Refusal): AuraError {
  return new AuraError(code, message, details);
}
