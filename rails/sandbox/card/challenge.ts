/** The address of a 3-D Secure challenge. */
import { later, secretId, type Processor } from './processor';

/** Where the cardholder's browser goes to confirm an agreement or authorisation. */
export function openChallenge(processor: Processor, target: string): string {
  const id = secretId('chl');
  const expires_at = later(processor.now(), processor.settings.challengeTtlMs);
  processor.record({ put: 'challenge', record: { id, target, expires_at, outcome: null } });
  return `${processor.publicUrl}/challenges/${id}`;
}
