import { AuraError, ERROR_CATALOGUE, refusal, toError, type ErrorCode } from '../../domain/errors';

/** Protocol 1.0.0's table, and what 2.2 adds. */
const PROTOCOL_1 = {
  INVALID_REQUEST: 400,
  INVALID_PARAMETER: 400,
  AUTHENTICATION_REQUIRED: 401,
  INVALID_API_KEY: 401,
  INVALID_SIGNATURE: 401,
  INSUFFICIENT_PERMISSIONS: 403,
  AGENT_SUSPENDED: 403,
  SESSION_NOT_FOUND: 404,
  OFFER_NOT_FOUND: 404,
  TRANSACTION_NOT_FOUND: 404,
  SESSION_STATE_CONFLICT: 409,
  OFFER_EXPIRED: 409,
  OFFER_ALREADY_COMMITTED: 409,
  INTERPRETATION_FAILED: 422,
  NO_MATCHING_BEACONS: 422,
  RATE_LIMITED: 429,
  INTERNAL_ERROR: 500,
  BEACON_UNAVAILABLE: 502,
  SERVICE_UNAVAILABLE: 503,
  BEACON_TIMEOUT: 504,
};
const ADDED = {
  BUSINESS_RULE_VIOLATION: 403,
  PRINCIPAL_NOT_FOUND: 404,
  AGENT_NOT_FOUND: 404,
  PROFILE_NOT_FOUND: 404,
  DISPUTE_NOT_FOUND: 404,
  IDEMPOTENCY_CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  CREDENTIAL_INVALID: 422,
};
const CODES = Object.keys(ERROR_CATALOGUE) as ErrorCode[];

describe('the error catalogue', () => {
  it.each(Object.entries({ ...PROTOCOL_1, ...ADDED }))('has %s as %i', (code, status) => {
    expect(ERROR_CATALOGUE[code as ErrorCode].status).toBe(status);
  });

  it('says of every code what it means', () => {
    for (const code of CODES) expect(ERROR_CATALOGUE[code].description).toMatch(/^[A-Z].*\.$/);
  });

  it('calls 429, 502, 503 and 504 retryable, and nothing else', () => {
    for (const code of CODES) {
      const { status, retryable } = ERROR_CATALOGUE[code];
      expect([code, retryable]).toEqual([code, [429, 502, 503, 504].includes(status)]);
    }
  });
});

describe('a refusal', () => {
  it('becomes the error it names, with its details', () => {
    const error = toError(refusal('OFFER_EXPIRED', { offer_id: 'ofr_1' }));
    expect(error).toBeInstanceOf(AuraError);
    expect(error).toMatchObject({ code: 'OFFER_EXPIRED', status: 409, details: { offer_id: 'ofr_1' } });
    expect(error.message).toBe(ERROR_CATALOGUE.OFFER_EXPIRED.description);
    expect(toError(refusal('OFFER_EXPIRED', {}, 'Too late.')).message).toBe('Too late.');
  });

  it('survives JSON', () => {
    const given = refusal('BUSINESS_RULE_VIOLATION', { step: 'identity', rule: 'payer_trust_level' }, 'No.');
    expect(JSON.parse(JSON.stringify(given))).toEqual(given);
  });
});
