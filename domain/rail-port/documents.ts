/**
 * The documents of the rail port as schemas. What a rail signs is closed: a field that is not listed is refused, since
 * it would be signed and not understood. What AURA sends may get more fields, which adapters ignore but for the
 * signature, which is over all of them.
 */
import { z } from 'zod';
import { LINE_ROLES } from '../reconciliation/model';
import { INSTRUCTION_KINDS, NOTICE_KINDS } from '../settlement';
import {
  asset,
  day,
  evidence,
  finality,
  instant,
  instructionId,
  keyId,
  line,
  minor,
  positiveMinor,
  prose,
  railName,
  sha256,
  signature,
} from './fields';

const party = z.object({
  account_ref: line(60).describe('`aura`, AURA’s own account at the rail, or a payment account (`acc_…`).'),
  mandate_ref: line(60).describe('The payer’s accepted mandate (`mnd_…`).').optional(),
});

const instruction = z.object({
  type: z.literal('aura.settlement-instruction.v1'),
  instruction_id: instructionId,
  kind: z.enum(INSTRUCTION_KINDS),
  rail: railName,
  amount_minor: positiveMinor,
  asset,
  debtor: party,
  creditor: party,
  subject_id: line(60).describe('The deal, deposit, payout, refund or netting cycle this belongs to.'),
  returns_reference: line(200)
    .describe('For a return or refund: the network’s reference of the transfer that goes back.')
    .optional(),
  commitment_hash: sha256.describe('SHA-256 (hex) of the canonical commitment.'),
  created_at: instant,
  expires_at: instant,
});

export const signedInstruction = z.object({
  instruction,
  key_id: keyId,
  signature: signature.describe('By AURA, over the canonical JSON of `instruction`.'),
});

export const proofStatement = z.strictObject({
  type: z.literal('aura.settlement-proof.v1'),
  rail: railName,
  network: line(60).describe('The network’s own name; part of what makes a reference unique.'),
  instruction_id: instructionId,
  commitment_hash: sha256.describe('As in the instruction.'),
  amount_minor: minor.describe(
    'What was moved, in the network’s words and never copied from the instruction.',
  ),
  asset,
  reference: line(200).describe('The network’s own reference of the executed transfer.'),
  line: line(200).describe('The part of a batch line this is, `0` for a whole line.'),
  business_date: day,
  finality,
  executed_at: instant,
  evidence_format: line(100).describe('What the evidence is, e.g. `iso20022:pacs.002.001.10`.'),
  evidence_sha256: sha256.describe('Of the UTF-8 bytes of `evidence`.'),
});

export const settlementProof = z.strictObject({
  statement: proofStatement,
  key_id: keyId,
  signature: signature.describe('By a key registered for the rail, over the canonical JSON of `statement`.'),
  evidence,
});

export const statementLine = z.strictObject({
  rail: railName,
  network: line(60),
  business_date: day,
  reference: line(200).describe('The network’s reference, the same as in the proof.'),
  line: line(200).describe('The part of a batch line this is, `0` for a whole line.'),
  direction: z.enum(['credit', 'debit']).describe('From the point of view of AURA’s account at the rail.'),
  amount_minor: positiveMinor.describe('With the fee still in it.'),
  fee_minor: minor.describe('The rail’s fee taken out of the amount, `0` when none.'),
  asset,
  instruction_id: instructionId
    .nullable()
    .describe('The instruction that the network quotes, if it is one of AURA’s.'),
  booked_at: instant,
  source_format: line(100),
  parts: z
    .array(z.strictObject({ instruction_id: instructionId, amount_minor: positiveMinor }))
    .max(10_000)
    .describe('What a batch line is made of, if the rail says so; adds up to the amount.')
    .optional(),
  role: z
    .enum(LINE_ROLES)
    .describe('`fee`: the line is nothing but a charge. `movement` by default.')
    .optional(),
});

export const noticeStatement = z.strictObject({
  type: z.literal('aura.rail-notice.v1'),
  rail: railName,
  network: line(60),
  notice_id: line(200).describe('The network’s own id: the same notice told twice has the same.'),
  kind: z.enum(NOTICE_KINDS),
  instruction_id: instructionId.describe('The instruction whose money moved.'),
  original_reference: line(200).describe('The network’s reference of that movement.'),
  amount_minor: minor.describe('What moved, `0` when nothing did.'),
  asset,
  fee_minor: minor.describe('What the rail charges for it besides.'),
  reason_code: line(60).describe('The rail’s own code, e.g. NACHA `R01`.'),
  reason: line(500),
  reference: line(200).describe(
    'The reference of the movement the notice tells of, as the statement will quote it.',
  ),
  line: line(200),
  business_date: day,
  occurred_at: instant,
  respond_by: instant.describe('Until when it can be contested.').optional(),
  evidence_format: line(100),
  evidence_sha256: sha256.describe('Of the UTF-8 bytes of `evidence`.'),
});

export const railNotice = z.strictObject({
  statement: noticeStatement,
  key_id: keyId,
  signature: signature.describe('By a key registered for the rail, over the canonical JSON of `statement`.'),
  evidence,
});

const detail = prose(1_000).describe('For people; without personal data.');
const action = z.object({ kind: z.literal('challenge'), url: z.url().max(2_000) });
const progress = z.object({
  done: z.int().min(0),
  of: z.int().min(1),
  unit: z.enum(['confirmations', 'banking_days']),
});

export const railAnswer = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('executed'),
    proof: settlementProof,
    lines: z
      .array(statementLine)
      .max(100)
      .describe('Lines that the network delivered along with it, or none.'),
  }),
  z.object({
    outcome: z.literal('pending'),
    detail,
    progress: progress.optional(),
    action: action.describe('Something only the payer can do before the rail goes on.').optional(),
  }),
  z.object({ outcome: z.literal('rejected'), reason: line(60), detail, evidence }),
  z.object({ outcome: z.literal('not_found'), detail, as_of: instant.describe('On the network’s clock.') }),
  z.object({ outcome: z.literal('not_sent'), detail }),
  z.object({ outcome: z.literal('unknown'), detail }),
]);

export const mandateRequest = z.object({
  mandateId: line(60).describe('`mnd_…`'),
  accountRef: line(60).describe('`acc_…`'),
  ceilingMinor: positiveMinor,
  asset,
  expiresAt: instant,
});

export const mandateAnswer = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('accepted'),
    reference: line(200).describe('The network’s own; it comes back with the parties of each instruction.'),
    evidence,
  }),
  z.object({ outcome: z.literal('action_required'), action, detail }),
  z.object({ outcome: z.literal('rejected'), reason: line(200), detail }),
  z.object({ outcome: z.literal('unknown'), detail }),
]);
