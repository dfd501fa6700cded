/** What was agreed: the offer as its seller signed it, and the commitment that everything after it refers to. */
import { canonicalHash, canonicalJson, sha256Hex } from '../canonical';
import { parsePublicKey, verifySignature } from '../keys';
import type { OfferDocument } from '../market/offer';
import { signedBytesProblem } from '../market/offer-signature';
import type { EvidenceBundle } from './bundle';
import { verdict, type BundleCheck } from './check';

export function checkOffer({ offer, session_id }: EvidenceBundle): BundleCheck {
  const isSigned = verifySignature(parsePublicKey(offer.public_key), offer.signed_bytes, offer.signature);
  const problem =
    signedBytesProblem({
      offerId: offer.offer_id,
      beaconId: offer.beacon_id,
      sessionId: session_id,
      document: offer.document as OfferDocument,
      signedBytes: offer.signed_bytes,
      signedForm: offer.signed_form,
    }) ?? (isSigned ? undefined : "the seller's signature does not verify");
  return verdict("the seller's offer", problem, `${offer.offer_id} signed by ${offer.key_id}`);
}

export function checkCommitment(bundle: EvidenceBundle): BundleCheck {
  const { document, sha256 } = bundle.commitment;
  const parts: [unknown, unknown, string][] = [
    [document.transactionId, bundle.transaction_id, 'transaction'],
    [document.sessionId, bundle.session_id, 'session'],
    [document.offerId, bundle.offer.offer_id, 'offer'],
    [document.offerHash, sha256Hex(bundle.offer.signed_bytes), "offer's hash"],
    [document.beaconId, bundle.offer.beacon_id, 'beacon'],
    [document.consentHash, bundle.consent_sha256, 'consent'],
    [canonicalJson(document.profile), canonicalJson(bundle.profile), 'profile'],
  ];
  const other = parts.find(([one, two]) => one !== two);
  const problem =
    canonicalHash(document) !== sha256
      ? 'the hash is not that of its parts'
      : other
        ? `its ${other[2]} is another`
        : sumProblem(document.amounts);
  return verdict('the commitment', problem, sha256);
}

function sumProblem(amounts: EvidenceBundle['commitment']['document']['amounts']): string | undefined {
  const { subtotal_minor, shipping_minor, tax_minor, total_minor } = amounts;
  const sum = BigInt(subtotal_minor) + BigInt(shipping_minor) + BigInt(tax_minor);
  return sum === BigInt(total_minor) ? undefined : 'its amounts do not add up';
}

/** The gate let the deal pass, step by step. */
export function checkGate({ gate }: EvidenceBundle): BundleCheck {
  const failed = gate.find(({ passed }) => !passed);
  const misplaced = gate.some(({ step }, index) => step !== index + 1);
  const problem = failed ? `step ${failed.step} did not pass` : misplaced ? 'steps are missing' : undefined;
  return verdict('the gate', problem, `${gate.length} steps passed`);
}
