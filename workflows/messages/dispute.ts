/** What may be said to the workflow of a dispute, whose id is the dispute's. */
import { defineSignal } from '@temporalio/workflow';

export interface DisputeInput {
  disputeId: string;
}

/** It was answered or decided, or its deal has changed: the workflow looks at it again. */
export const disputeChanged = defineSignal('disputeChanged');

export interface EvidenceInput {
  transactionId: string;
}

/** AURA's signature over a deal's evidence bundle as it was at `madeAt`. The bundle itself is in nobody's history. */
export interface EvidenceSeal {
  madeAt: string;
  keyId: string;
  publicKey: string;
  /** SHA-256 (hex) of the canonical bundle. */
  sha256: string;
  signature: string;
}
