/** What a client can do about an error: by its code where that says more, else by its status. */
import { ERROR_CATALOGUE, type ErrorCode } from '../../domain/errors';

const BY_CODE: Readonly<Partial<Record<ErrorCode, string>>> = {
  AUTHENTICATION_REQUIRED:
    'Send an API key as Authorization: Bearer, or sign the request with X-Agent-ID, X-Timestamp and X-Signature. details.field names what is missing.',
  INVALID_API_KEY:
    'Check that the key is complete, not revoked, and of this deployment: test keys are for the sandbox, live keys for production.',
  INVALID_SIGNATURE:
    'Sign the very bytes that are sent, with the key that is registered, and a clock that is right to 5 minutes. A signature counts once: sign a repeated request anew.',
  INSUFFICIENT_PERMISSIONS:
    "The agent's role, its trust level or the scopes of its API key do not allow this. details say which.",
  AGENT_SUSPENDED: 'The agent can still read. An operator can reinstate it.',
  BUSINESS_RULE_VIOLATION:
    'details.step and details.rule name what the commitment gate refused. Change that part of the commit, or choose another offer.',
  SESSION_STATE_CONFLICT:
    'Read the session or transaction again: it has moved on. details.status says where.',
  OFFER_EXPIRED: 'Choose another offer of the session, or open a new session.',
  OFFER_ALREADY_COMMITTED: 'Choose another offer. If the commit was yours, read the transaction it made.',
  IDEMPOTENCY_CONFLICT:
    'This idempotency key stands for another request. Use a new key for a new request, and the same key only to repeat one.',
  INTERPRETATION_FAILED: 'Say the intent in other words, or add constraints: a category, a price, features.',
  NO_MATCHING_BEACONS: 'Widen the constraints or the category, or try later: no seller fits now.',
  PAYLOAD_TOO_LARGE: 'Send less: at most 1 MiB in one request.',
  UNSUPPORTED_MEDIA_TYPE: 'Send JSON in UTF-8 with Content-Type: application/json.',
  RATE_LIMITED: 'Wait for as many seconds as Retry-After says, then send the request again.',
  PAYMENT_REQUIRED: 'Pay as the PAYMENT-REQUIRED header says and send the commit again with the payment.',
};

const BY_STATUS: Readonly<Record<number, string>> = {
  400: 'Correct the field that details.field names; details.reason says what is wrong with it.',
  401: 'Check how the request is signed.',
  402: 'details.reason says what is wrong with the payment. Make a new one by the PAYMENT-REQUIRED header.',
  403: 'The request will not be allowed as long as what details name does not change.',
  404: 'Check the id. What belongs to others is not found either.',
  405: 'Look the method up in the API’s description.',
  409: 'Read what the request is about again, and decide anew.',
  422: 'details give the reason. Mend what they name.',
  500: 'Tell us the request id. Sending it again with the same idempotency key does nothing twice.',
  502: 'Send it again with the same idempotency key, after a pause that doubles each time.',
  503: 'Send it again with the same idempotency key, after a pause that doubles each time.',
  504: 'Send it again with the same idempotency key, after a pause that doubles each time.',
};

export function adviceOn(code: ErrorCode): string {
  return BY_CODE[code] ?? BY_STATUS[ERROR_CATALOGUE[code].status] ?? 'details give the reason.';
}
