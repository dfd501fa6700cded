/**
 * Evidence of a settlement or notice: what the processor said with its signature, so that anyone with the processor's
 * key can check it years later. It is canonical JSON `{format, keyId, message, signature}`; `signature` (base64
 * Ed25519) is over the UTF-8 bytes of `message`.
 */
import { canonicalJson } from '../../domain/canonical';
import { verifySignature, type PublicKey } from '../../domain/keys';

export type EvidenceFormat =
  'card:agreement' | 'card:authorization' | 'card:capture' | 'card:refund' | 'card:event' | 'card:error';

/** Something that the processor signed. */
export interface SignedText {
  message: string;
  keyId: string;
  signature: string;
}

export interface Evidence extends SignedText {
  format: EvidenceFormat;
}

export function wrapEvidence(format: EvidenceFormat, { message, keyId, signature }: SignedText): string {
  return canonicalJson({ format, keyId, message, signature });
}

/** Opens evidence if it is well formed and carries a valid signature of the processor. */
export function openEvidence(text: string, networkKey: PublicKey): Evidence | undefined {
  let value: Partial<Evidence> | null;
  try {
    value = JSON.parse(text) as Partial<Evidence> | null;
  } catch {
    return undefined;
  }
  const { format, keyId, message, signature } = value ?? {};
  if (typeof format !== 'string' || typeof keyId !== 'string') return undefined;
  if (typeof message !== 'string' || typeof signature !== 'string') return undefined;
  return verifySignature(networkKey, message, signature) ? { format, keyId, message, signature } : undefined;
}
