/** A bundle put together by hand, with keys of everybody's own: a sale that was paid, disputed and refunded in part. */
import { canonicalHash } from '../../domain/canonical';
import { commitmentDocument } from '../../domain/clearing/commitment';
import { voteSigningBytes, type Vote } from '../../domain/clearing/disputes';
import { GATE_STEP_NAMES } from '../../domain/gate/steps';
import { createSigner, generateKeyPair, type Signer } from '../../domain/keys';
import {
  novation,
  refundGranted,
  refundProved,
  release,
  settlementProved,
  type Entry,
} from '../../domain/ledger/postings';
import { advance, findMove, type DealState, type TransitionId } from '../../domain/lifecycle';
import { offerSigningBytes } from '../../domain/market/offer';
import { VERSION_2 } from '../../domain/versions';
import {
  sha256Hex,
  signInstruction,
  signNotice,
  signProof,
  type Instruction,
  type NoticeStatement,
  type ProofStatement,
} from '../../domain/settlement';
import type { BundleContent } from '../../domain/evidence';
import { anOfferDocument } from './offer-documents';

const signer = (keyId: string): Signer => createSigner(generateKeyPair().privateKeyPem, keyId);
const AT = '2026-05-04T10:00:00.000Z';
const later = (minutes: number) => new Date(Date.parse(AT) + minutes * 60_000).toISOString();

const PATH: readonly TransitionId[] = [
  'T1',
  'T1',
  'T1',
  'T2',
  'T3',
  'T18',
  'T19',
  'T20',
  'T21',
  'T22',
  'T6',
  'T7',
  'T14',
  'T17',
];

export interface Cast {
  aura: Signer;
  seller: Signer;
  rail: Signer;
  judges: readonly Signer[];
}

export function aCast(): Cast {
  return {
    aura: signer('aura'),
    seller: signer('key_seller'),
    rail: signer('rail-rtp'),
    judges: [signer('opr_one'), signer('opr_two')],
  };
}

export function aBundleContent(cast: Cast): BundleContent {
  const deal = {
    transactionId: 'txn_1',
    buyer: 'prn_buyer',
    seller: 'prn_seller',
    asset: 'USD',
    totalMinor: 10_000n,
    feeMinor: 100n,
    buyerMarginMinor: 0n,
    sellerMarginMinor: 200n,
  };
  const document = anOfferDocument({ price: '100.00', validUntil: new Date(AT) });
  const signedBytes = offerSigningBytes({ sessionId: 'ses_1', beaconId: 'bcn_1', offer: document });
  const consent = { share_identity_with_merchant: true };
  const commitment = commitmentDocument({
    transactionId: deal.transactionId,
    sessionId: 'ses_1',
    offerId: 'ofr_1',
    offerHash: sha256Hex(signedBytes),
    scoutId: 'sct_1',
    beaconId: 'bcn_1',
    buyerPrincipalId: deal.buyer,
    sellerPrincipalId: deal.seller,
    quantity: 1,
    amounts: {
      asset: 'USD',
      subtotalMinor: 10_000n,
      shippingMinor: 0n,
      taxMinor: 0n,
      totalMinor: 10_000n,
      shippingMethod: null,
    },
    feeMinor: 100n,
    rails: ['rtp'],
    consentHash: canonicalHash(consent),
    profile: { id: 'retail', version: 1 },
  });
  const payIn = anInstruction({
    kind: 'pay_in',
    subject_id: 'txn_1',
    commitment_hash: canonicalHash(commitment),
  });
  const refund = anInstruction({
    instruction_id: 'ins_2',
    kind: 'refund',
    subject_id: 'rfd_1',
    amount_minor: '3000',
    commitment_hash: sha256Hex('refund'),
  });
  const sources = {
    entitlementMinor: 2_970n,
    feesDeferredMinor: 30n,
    collateralMinor: 0n,
    recoverableMinor: 0n,
  };
  const taken = { ...deal, bearer: deal.seller, sources, refundId: 'rfd_1' };
  return {
    transaction_id: 'txn_1',
    session_id: 'ses_1',
    status: 'completed',
    clearing_status: 'cleared',
    profile: { id: 'retail', version: 1 },
    tokens: {},
    intent: { structured_requirements: { category: 'electronics' } },
    offer: {
      offer_id: 'ofr_1',
      beacon_id: 'bcn_1',
      document,
      signed_bytes: signedBytes,
      signed_form: VERSION_2,
      request_sha256: null,
      signature: cast.seller.sign(signedBytes),
      key_id: cast.seller.keyId,
      public_key: cast.seller.publicKey,
    },
    consent_sha256: canonicalHash(consent),
    payer_sha256: sha256Hex('the payer'),
    gate: GATE_STEP_NAMES.map((name, index) => ({ step: index + 1, name, passed: true, detail: 'fine' })),
    commitment: { document: commitment, sha256: canonicalHash(commitment) },
    instructions: [payIn, refund].map((instruction) => ({
      ...signInstruction(instruction, cast.aura),
      status: 'executed',
    })),
    proofs: [payIn, refund].map((instruction, index) => ({
      ...aProof(instruction, cast.rail),
      proof_id: `prf_${index + 1}`,
      withheld: null,
      accepted: true,
      checks: [],
    })),
    notices: [{ ...aNotice(payIn, cast.rail), withheld: null, accepted: true, effect: 'none' }],
    rail_keys: [
      {
        key_id: 'rail-rtp',
        rail: 'rtp',
        public_key: cast.rail.publicKey,
        valid_from: later(-60),
        valid_to: null,
      },
    ],
    ledger: [
      novation(deal),
      settlementProved({ ...deal, rail: 'rtp' }),
      refundGranted(taken),
      refundProved({ ...deal, refundId: 'rfd_1', amountMinor: 3_000n, rail: 'rtp' }),
      release({ ...deal, entitlementMinor: 6_930n, feesDeferredMinor: 70n, reserveMinor: 0n }),
    ].map(bundledEntry),
    history: historyAlong(PATH),
    fulfilments: [{ status: 'delivered', reported_by: 'bcn_1', evidence: { carrier: 'UPS' }, at: later(30) }],
    refunds: [
      {
        refund_id: 'rfd_1',
        amount_minor: '3000',
        asset: 'USD',
        cause: 'remedy',
        reason: 'decided in dsp_1',
        requested_by: 'panel',
        status: 'proved',
        at: later(50),
      },
    ],
    disputes: [aDispute(cast)],
  };
}

function anInstruction(wish: Partial<Instruction>): Instruction {
  return {
    type: 'aura.settlement-instruction.v1',
    instruction_id: 'ins_1',
    kind: 'pay_in',
    rail: 'rtp',
    amount_minor: '10000',
    asset: 'USD',
    debtor: { account_ref: 'acc_1' },
    creditor: { account_ref: 'aura' },
    subject_id: 'txn_1',
    commitment_hash: '',
    created_at: AT,
    expires_at: later(10),
    ...wish,
  };
}

function aProof({ instruction_id, commitment_hash, amount_minor, asset }: Instruction, rail: Signer) {
  const evidence = `<pacs.002>${instruction_id} ACSC</pacs.002>`;
  const statement: ProofStatement = {
    type: 'aura.settlement-proof.v1',
    rail: 'rtp',
    network: 'rtp-sandbox',
    instruction_id,
    commitment_hash,
    amount_minor,
    asset,
    reference: `REF-${instruction_id}`,
    line: '0',
    business_date: '2026-05-04',
    finality: 'irrevocable',
    executed_at: later(1),
    evidence_format: 'iso20022:pacs.002.001.10',
    evidence_sha256: sha256Hex(evidence),
  };
  return signProof(statement, evidence, rail);
}

function aNotice({ instruction_id, asset }: Instruction, rail: Signer) {
  const evidence = '<NOC>C01</NOC>';
  const statement: NoticeStatement = {
    type: 'aura.rail-notice.v1',
    rail: 'rtp',
    network: 'rtp-sandbox',
    notice_id: 'N-1',
    kind: 'notice_of_change',
    instruction_id,
    original_reference: `REF-${instruction_id}`,
    amount_minor: '0',
    asset,
    fee_minor: '0',
    reason_code: 'C01',
    reason: 'account number corrected',
    reference: 'N-1',
    line: '0',
    business_date: '2026-05-04',
    occurred_at: later(5),
    evidence_format: 'test',
    evidence_sha256: sha256Hex(evidence),
  };
  return signNotice(statement, evidence, rail);
}

function bundledEntry({ event, key, postings }: Entry, index: number): BundleContent['ledger'][number] {
  return {
    entry_id: `ent_${index}`,
    event,
    key,
    at: later(index),
    postings: postings.map(({ account, side, amountMinor }) => ({
      ...account,
      side,
      amount: amountMinor.toString(),
    })),
  };
}

export function historyAlong(path: readonly TransitionId[]): BundleContent['history'] {
  let state: DealState = { market: 'created', clearing: null };
  return path.map((transition, index) => {
    const move = findMove(transition, state);
    if (!move) throw new Error(`${transition} leads nowhere`);
    state = advance(state, transition);
    const { region, from, to } = move;
    return { transition, region, from, to, actor: 'aura', key: `${transition}:${index}`, at: later(index) };
  });
}

function aDispute({ judges }: Cast): BundleContent['disputes'][number] {
  const votes = judges.map((judge, index) => {
    const vote: Vote = {
      type: 'aura.dispute-vote.v1',
      dispute_id: 'dsp_1',
      member_id: judge.keyId,
      remedy: 'partial_refund',
      amount: index === 0 ? '30.00' : '40.00',
      reason: 'scratched',
    };
    return {
      vote,
      signature: judge.sign(voteSigningBytes(vote)),
      public_keys: [judge.publicKey],
      at: later(40),
    };
  });
  return {
    dispute_id: 'dsp_1',
    filed_by: 'sct_1',
    side: 'buyer',
    reason: 'defective',
    remedy_requested: 'refund',
    amount_requested_minor: null,
    status: 'closed',
    opened_at: later(35),
    statements: [
      {
        agent_id: 'sct_1',
        position: 'claim',
        statement: 'It came with a scratch.',
        exhibits: [{ description: 'photo', content: 'a photo', sha256: sha256Hex('a photo') }],
        at: later(35),
      },
    ],
    panel: { quorum: 2, members: [...judges.map(({ keyId }) => keyId), 'opr_three'], votes },
    decision: {
      remedy: 'partial_refund',
      amount_minor: '3000',
      decided_by: 'panel',
      reason: '2 of 3',
      at: later(45),
    },
    refund_id: 'rfd_1',
  };
}
