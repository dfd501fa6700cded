import { local } from './activities';
import type { EvidenceInput, EvidenceSeal } from './messages';

/** Has the worker, which alone holds AURA's key, sign the evidence of a deal. */
export function evidence(input: EvidenceInput): Promise<EvidenceSeal> {
  return local.sealEvidence(input);
}
