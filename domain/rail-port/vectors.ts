/** Signed examples with fixed keys, so that an adapter in any language can be checked against them. */
import { canonicalJson, sha256Hex } from '../canonical';
import { createSigner, type Signer } from '../keys';
import { requestSigningBytes } from '../request-signature';
import {
  signInstruction,
  signNotice,
  signProof,
  type Instruction,
  type NoticeStatement,
  type ProofStatement,
} from '../settlement';

/** A private key everybody knows, for examples alone: 32 times the same byte. */
function exampleSigner(byte: number, keyId: string): Signer & { seed: string } {
  const seed = Buffer.alloc(32, byte);
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const pem = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
  return { ...createSigner(pem, keyId), seed: seed.toString('base64') };
}

const aura = exampleSigner(1, 'aura');
const rail = exampleSigner(2, 'rail-fednow');

const EVIDENCE = '<Document>café, €, 𝄞</Document>';
const NOTICE_EVIDENCE = '{"return":"R-7","reason":"AC04"}';

const instruction: Instruction = {
  type: 'aura.settlement-instruction.v1',
  instruction_id: 'ins_01K0000000000000000000000A',
  kind: 'pay_in',
  rail: 'fednow',
  amount_minor: '34999',
  asset: 'USD',
  debtor: { account_ref: 'acc_01K0000000000000000000000B', mandate_ref: 'mnd_01K0000000000000000000000C' },
  creditor: { account_ref: 'aura' },
  subject_id: 'txn_01K0000000000000000000000D',
  commitment_hash: sha256Hex('an example'),
  created_at: '2026-11-21T09:30:00.000Z',
  expires_at: '2026-11-21T09:31:00.000Z',
};

const refund: Instruction = {
  ...instruction,
  instruction_id: 'ins_01K0000000000000000000000E',
  kind: 'refund',
  amount_minor: '999',
  debtor: { account_ref: 'aura' },
  creditor: { account_ref: 'acc_01K0000000000000000000000B' },
  subject_id: 'rfd_01K0000000000000000000000F',
  returns_reference: 'R-20261121-0001',
};

const proof: ProofStatement = {
  type: 'aura.settlement-proof.v1',
  rail: 'fednow',
  network: 'FDN',
  instruction_id: instruction.instruction_id,
  commitment_hash: instruction.commitment_hash,
  amount_minor: '34999',
  asset: 'USD',
  reference: 'R-20261121-0001',
  line: '0',
  business_date: '2026-11-21',
  finality: 'irrevocable',
  executed_at: '2026-11-21T09:30:01.250Z',
  evidence_format: 'iso20022:pacs.002.001.10',
  evidence_sha256: sha256Hex(EVIDENCE),
};

const notice: NoticeStatement = {
  type: 'aura.rail-notice.v1',
  rail: 'fednow',
  network: 'FDN',
  notice_id: 'N-7',
  kind: 'return',
  instruction_id: instruction.instruction_id,
  original_reference: proof.reference,
  amount_minor: '34999',
  asset: 'USD',
  fee_minor: '0',
  reason_code: 'AC04',
  reason: 'the account is closed',
  reference: 'R-20261121-0002',
  line: '0',
  business_date: '2026-11-21',
  occurred_at: '2026-11-21T15:00:00.000Z',
  evidence_format: 'json',
  evidence_sha256: sha256Hex(NOTICE_EVIDENCE),
};

const REQUEST = {
  method: 'POST',
  target: `/v1/rails/fednow/transmissions/${instruction.instruction_id}`,
  timestamp: '2026-11-21T09:30:00.500Z',
  body: '{"claimant":"a-value-of-this-attempt-alone"}',
};

const CANONICAL: readonly unknown[] = [
  { b: 2, a: 1, A: 0 },
  { '€': 'Euro', '\r': 'return', '𝄞': 'clef', é: 'acute', '1': 'one' },
  ['quote " and \\', 'tab \t, bell \u0007, slash /', 'café 𝄞'],
  [0, -0, 1e21, 1e-7, 0.1, 9007199254740991, true, false, null, {}, []],
  instruction,
  proof,
];

/** What each vector has to come to. Where `verifies` is false, a verifier that says otherwise is unsafe. */
export function railPortVectors() {
  const signed = signInstruction(instruction, aura);
  const proved = signProof(proof, EVIDENCE, rail);
  const requestText = requestSigningBytes(REQUEST);
  return {
    about: 'Examples with keys that everybody knows. Never register them.',
    keys: [aura, rail].map(({ keyId, publicKey, seed }) => ({
      key_id: keyId,
      public_key: publicKey,
      private_seed: seed,
    })),
    canonical: CANONICAL.map((value) => ({
      value,
      canonical: canonicalJson(value),
      sha256: sha256Hex(canonicalJson(value)),
    })),
    instructions: [signed, signInstruction(refund, aura)],
    proofs: [proved],
    notices: [signNotice(notice, NOTICE_EVIDENCE, rail)],
    requests: [
      { ...REQUEST, signing_text: requestText, key_id: rail.keyId, signature: rail.sign(requestText) },
    ],
    signatures: [
      {
        what: 'the instruction above',
        public_key: aura.publicKey,
        message: canonicalJson(instruction),
        signature: signed.signature,
        verifies: true,
      },
      {
        what: 'with another amount',
        public_key: aura.publicKey,
        message: canonicalJson({ ...instruction, amount_minor: '34998' }),
        signature: signed.signature,
        verifies: false,
      },
      {
        what: 'by another key',
        public_key: rail.publicKey,
        message: canonicalJson(instruction),
        signature: signed.signature,
        verifies: false,
      },
      {
        what: 'over JSON that is not canonical',
        public_key: aura.publicKey,
        message: JSON.stringify(instruction),
        signature: signed.signature,
        verifies: false,
      },
      {
        what: 'the signature of a proof under an instruction',
        public_key: rail.publicKey,
        message: canonicalJson(instruction),
        signature: proved.signature,
        verifies: false,
      },
    ],
  };
}
