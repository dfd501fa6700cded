/** The buyer's consent, as protocol 1.0.0 asks for it: what has to be said, and how long it counts. */
import type { Consent } from './facts';

const REQUIRED = [
  'share_identity_with_merchant',
  'share_email_for_order_updates',
  'marketing_opt_in',
  'consent_timestamp',
  'consent_method',
] as const;
const MAX_AGE_MS = 15 * 60_000;
const MAX_SKEW_MS = 2 * 60_000;

export interface ConsentProblem {
  rule: string;
  message: string;
  /** Where it stands in a commit. */
  field: string;
  reason: 'required' | 'in_the_future' | 'stale';
}

/** What is wrong with the consent at `now`. What a policy agreed to in advance does not grow old. */
export function consentProblem(consent: Consent, now: Date): ConsentProblem | undefined {
  const missing = REQUIRED.find((field) => consent[field] === undefined);
  if (missing !== undefined) {
    const rule = `consent.${missing}`;
    return { rule, message: `Consent lacks ${missing}.`, field: rule, reason: 'required' };
  }
  const at = { rule: 'consent_timestamp', field: 'consent.consent_timestamp' };
  const ageMs = now.getTime() - Date.parse(consent.consent_timestamp ?? '');
  if (!(ageMs >= -MAX_SKEW_MS))
    return { ...at, message: 'Consent has not been given yet.', reason: 'in_the_future' };
  if (consent.consent_method === 'explicit_user_action' && ageMs > MAX_AGE_MS)
    return { ...at, message: 'Consent is older than 15 minutes.', reason: 'stale' };
  return undefined;
}

/** The refusal's details, as the gate and the door before it give them. */
export function consentDetails({ rule, field, reason }: ConsentProblem) {
  return { step: 'consent_and_authority', rule, field, reason };
}
