/**
 * Evidence of a settlement: the network's message with its signature, so that anyone with the network's key can check
 * it years later. It is canonical JSON `{format, keyId, message, signature}`; `message` is the document as received,
 * and `signature` (base64 Ed25519) is over its UTF-8 bytes.
 */
import { canonicalJson } from '../../domain/canonical';
import type { PublicKey } from '../../domain/keys';
import { isSignedBy } from './bundle';
import type { Received } from './client';

export interface Evidence {
  format: string;
  keyId: string;
  message: string;
  signature: string;
}

export function evidenceFormat(messageName: string): string {
  return `iso20022:${messageName}`;
}

export function wrapEvidence({ signed, message }: Received): string {
  const evidence: Evidence = { format: evidenceFormat(message.name), ...signed };
  return canonicalJson(evidence);
}

/** Opens evidence if it is well formed and carries a valid signature of the network. */
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
  return isSignedBy({ message, keyId, signature }, networkKey)
    ? { format, keyId, message, signature }
    : undefined;
}
