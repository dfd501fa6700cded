/** What a buyer agrees to in most tests, as a commit says it. */
export const consentGiven = () => ({
  share_identity_with_merchant: true,
  share_email_for_order_updates: true,
  share_phone_for_delivery: false,
  marketing_opt_in: false,
  consent_timestamp: new Date().toISOString(),
  consent_method: 'explicit_user_action' as const,
});
