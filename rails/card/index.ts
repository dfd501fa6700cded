/** A card processor behind the rail port. */
export { createCardAdapter } from './adapter';
export { openEvidence } from './evidence';
export { createWebhookReceiver, type WebhookReceiver, type WebhookReceiverDeps } from './webhook';
