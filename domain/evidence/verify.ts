/** Verification of an evidence bundle, offline and from its bytes alone. */
import { canonicalJson } from '../canonical';
import { parsePublicKey, verifySignature, type PublicKey } from '../keys';
import { checkCommitment, checkGate, checkOffer } from './agreement';
import { checkHistory, checkLedger, checkRefunds } from './books';
import { BUNDLE_TYPE, type EvidenceBundle, type SignedBundle } from './bundle';
import { verdict, type BundleCheck } from './check';
import { checkDisputes } from './disputes';
import { checkInstructions, checkNotices, checkProofs } from './settlement';

type PartCheck = (bundle: EvidenceBundle, auraKey: PublicKey) => BundleCheck;

const PARTS: readonly (readonly [name: string, check: PartCheck])[] = [
  ["the seller's offer", checkOffer],
  ['the gate', checkGate],
  ['the commitment', checkCommitment],
  ['instructions', checkInstructions],
  ["the rails' proofs", checkProofs],
  ["the rails' notices", checkNotices],
  ['the ledger', checkLedger],
  ['the history', checkHistory],
  ['refunds', checkRefunds],
  ['disputes', checkDisputes],
];

/**
 * All checks of the bundle in `text`. `auraKey` is AURA's key as the verifier knows it; without one the key that the
 * bundle itself names is taken, which shows that the document is whole but not that it is AURA's.
 */
export function verifyBundle(text: string, auraKey?: PublicKey): BundleCheck[] {
  const read = readBundle(text);
  if ('problem' in read) return [verdict('the form', read.problem, '')];
  const { signed } = read;
  const form = verdict('the form', undefined, `${BUNDLE_TYPE}, ${signed.bundle.transaction_id}`);
  const seal = "AURA's signature";
  let key: PublicKey;
  try {
    key = auraKey ?? parsePublicKey(signed.bundle.signed_by.public_key);
  } catch (error) {
    return [form, unreadable(seal, error)];
  }
  const sealed = readable(seal, () => checkSeal(signed, key, auraKey !== undefined));
  return [form, sealed, ...PARTS.map(([name, check]) => readable(name, () => check(signed.bundle, key)))];
}

/** The file is the canonical form of what it says, byte by byte, so that nothing can hide between the lines. */
function readBundle(text: string): { signed: SignedBundle } | { problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'it is not JSON' };
  }
  const { bundle, signature, ...more } = (value ?? {}) as Partial<SignedBundle>;
  if (bundle?.type !== BUNDLE_TYPE || typeof signature !== 'string' || Object.keys(more).length > 0) {
    return { problem: `it is not an ${BUNDLE_TYPE}` };
  }
  try {
    const canonical = canonicalJson(value);
    return text === canonical || text === `${canonical}\n`
      ? { signed: { bundle, signature } }
      : { problem: 'it is not canonical JSON' };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

function checkSeal({ bundle, signature }: SignedBundle, key: PublicKey, isPinned: boolean): BundleCheck {
  const { key_id, public_key } = bundle.signed_by;
  const problem =
    public_key !== key
      ? 'the bundle names another key'
      : !isCanonicalBase64(signature)
        ? 'the signature is not in its canonical form'
        : verifySignature(key, canonicalJson(bundle), signature)
          ? undefined
          : 'the signature does not verify';
  const whose = isPinned
    ? 'the key that was given'
    : `${public_key}, a key that only the bundle itself names`;
  return verdict("AURA's signature", problem, `by ${key_id}, ${whose}`);
}

/** Base64 of 64 bytes leaves four bits unused, which could differ without a different signature. */
function isCanonicalBase64(text: string): boolean {
  return Buffer.from(text, 'base64').toString('base64') === text;
}

/** A part that cannot even be read has not passed. */
function readable(name: string, check: () => BundleCheck): BundleCheck {
  try {
    return check();
  } catch (error) {
    return unreadable(name, error);
  }
}

function unreadable(name: string, error: unknown): BundleCheck {
  return verdict(name, `it cannot be read (${messageOf(error)})`, '');
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
