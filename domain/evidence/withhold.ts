/**
 * What is left out of a bundle. A rail's message is kept as the network sent it unless it names the payer: its SHA-256
 * stands in the rail's signed statement, so whoever gets the message elsewhere can still check it.
 */
import { ERASED } from '../personal-data';
import type { RailMessage } from './bundle';

const GONE = 'it was erased with the personal data in it; the signed statement has its SHA-256';
const WITHHELD = 'it names the payer or its account; the signed statement has its SHA-256';
/** Names are cut on some wires, so that their beginning has to do. NACHA gives a name 22 characters. */
const NAME_LENGTH = 15;
/** Anything shorter is found in every message. */
const MIN_LENGTH = 3;

/** Words to look for, in the form that they are compared in. */
export function personalData(values: readonly unknown[]): string[] {
  const words = values.flatMap((value) =>
    typeof value === 'string' ? [plain(value).slice(0, NAME_LENGTH)] : [],
  );
  return [...new Set(words)].filter((word) => word.length >= MIN_LENGTH);
}

export function withoutPersonalData<T extends { evidence: string }>(
  message: T,
  personal: readonly string[],
): Omit<T, 'evidence'> & RailMessage {
  if (message.evidence === ERASED) return { ...message, evidence: null, withheld: GONE };
  const text = plain(message.evidence);
  const isPersonal = personal.some((word) => text.includes(word));
  return {
    ...message,
    evidence: isPersonal ? null : message.evidence,
    withheld: isPersonal ? WITHHELD : null,
  };
}

/** Letters and digits alone, however the wire writes or escapes the rest. */
function plain(text: string): string {
  return text
    .replace(/&(amp|lt|gt|quot|apos|#\d+);/g, '')
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}
