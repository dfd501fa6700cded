/**
 * The evidence bundle: everything that was agreed, signed and booked about a deal, in one document that anyone can check
 * offline. It is canonical JSON `{bundle, signature}`; AURA's signature is over the canonical JSON of `bundle`. Other
 * people's signatures stand in it with the exact bytes they are over. The payer's identity appears as a hash only.
 */
import { canonicalJson } from '../canonical';
import type { commitmentDocument } from '../clearing/commitment';
import type { DisputeReason, DisputeSide, DisputeStatus, Remedy, Vote } from '../clearing/disputes';
import type { ProofCheck } from '../clearing/proof';
import type { GateStepRecord } from '../gate';
import type { PublicKey, Signer } from '../keys';
import type { ClearingState, MarketState, Region } from '../lifecycle';
import type { Side } from '../ledger/accounts';
import type { ApiVersion } from '../versions';
import type { RailName, RailNotice, SettlementProof, SignedInstruction } from '../settlement';

export const BUNDLE_TYPE = 'aura.evidence-bundle.v1';

/** A rail's own message, or why it is left out: its SHA-256 stands in the signed statement either way. */
export interface RailMessage {
  evidence: string | null;
  withheld: string | null;
}

export interface BundledDispute {
  dispute_id: string;
  filed_by: string;
  side: DisputeSide;
  reason: DisputeReason;
  remedy_requested: Remedy;
  /** Minor units of the deal's asset. */
  amount_requested_minor: string | null;
  status: DisputeStatus;
  opened_at: string;
  statements: {
    agent_id: string;
    position: string;
    statement: string;
    exhibits: { description: string; media_type?: string; url?: string; content?: string; sha256: string }[];
    at: string;
  }[];
  panel: {
    quorum: number;
    members: string[];
    votes: { vote: Vote; signature: string; public_keys: PublicKey[]; at: string }[];
  } | null;
  decision: {
    remedy: Remedy;
    amount_minor: string | null;
    decided_by: string;
    reason: string;
    at: string;
  } | null;
  refund_id: string | null;
}

export interface EvidenceBundle {
  type: typeof BUNDLE_TYPE;
  transaction_id: string;
  session_id: string;
  made_at: string;
  signed_by: { key_id: string; public_key: PublicKey };
  status: MarketState;
  clearing_status: ClearingState | null;
  profile: { id: string; version: number };
  /** Decimal places of the tokens that money moved in; those of currencies are in ISO 4217. */
  tokens: Readonly<Record<string, number>>;
  /** What sellers were shown of the request, never the buyer's own words. */
  intent: unknown;
  offer: {
    offer_id: string;
    beacon_id: string;
    document: unknown;
    signed_bytes: string;
    /** The protocol version whose way of signing was used: five fields of an offer, or all of it. */
    signed_form: ApiVersion;
    signature: string;
    key_id: string;
    public_key: PublicKey;
    /** SHA-256 of the request that the offer came in, which its seller signed or sent under its key. */
    request_sha256: string | null;
  };
  /** SHA-256 of the canonical consent, and of who pays and where it is shipped to. */
  consent_sha256: string;
  payer_sha256: string;
  gate: readonly GateStepRecord[];
  commitment: { document: ReturnType<typeof commitmentDocument>; sha256: string };
  instructions: (SignedInstruction & { status: string })[];
  proofs: (Omit<SettlementProof, 'evidence'> &
    RailMessage & { proof_id: string; accepted: boolean; checks: readonly ProofCheck[] })[];
  notices: (Omit<RailNotice, 'evidence'> &
    RailMessage & { accepted: boolean | null; effect: string | null })[];
  rail_keys: {
    key_id: string;
    rail: RailName;
    public_key: PublicKey;
    valid_from: string;
    valid_to: string | null;
  }[];
  ledger: {
    entry_id: string;
    event: string;
    key: string;
    at: string;
    postings: { owner: string; kind: string; asset: string; side: Side; amount: string }[];
  }[];
  history: {
    transition: string;
    region: Region;
    from: string | null;
    to: string;
    actor: string;
    key: string;
    at: string;
  }[];
  fulfilments: { status: string; reported_by: string; evidence: unknown; at: string }[];
  refunds: {
    refund_id: string;
    amount_minor: string;
    asset: string;
    cause: string;
    reason: string;
    requested_by: string;
    status: string;
    at: string;
  }[];
  disputes: BundledDispute[];
}

/** A bundle that lacks only who signs it and when. */
export type BundleContent = Omit<EvidenceBundle, 'type' | 'made_at' | 'signed_by'>;

export interface SignedBundle {
  bundle: EvidenceBundle;
  /** Ed25519 by AURA over the canonical JSON of `bundle`, base64. */
  signature: string;
}

export function bundleOf(
  content: BundleContent,
  seal: { madeAt: string; signedBy: EvidenceBundle['signed_by'] },
): EvidenceBundle {
  const bundle = { ...content, type: BUNDLE_TYPE, made_at: seal.madeAt, signed_by: seal.signedBy } as const;
  // Through JSON once, so that what is signed is what is sent: no field that is only `undefined`.
  return JSON.parse(JSON.stringify(bundle)) as EvidenceBundle;
}

export function signBundle(content: BundleContent, signer: Signer, madeAt: string): SignedBundle {
  const signedBy = { key_id: signer.keyId, public_key: signer.publicKey };
  const bundle = bundleOf(content, { madeAt, signedBy });
  return { bundle, signature: signer.sign(canonicalJson(bundle)) };
}
