import { z } from 'zod';
import { DISPUTE_REASONS, DISPUTE_STATUSES, REMEDIES } from '../../domain/clearing/disputes';
import { decimal, extensions, id, text } from './common';

const hash = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hex');

/** Either the content itself, or where it is and what it hashes to. */
const exhibit = z
  .object({
    description: text(500),
    media_type: text(100).optional(),
    content: z.string().max(20_000).optional(),
    url: z
      .url({ protocol: /^https$/ })
      .max(2_000)
      .optional(),
    sha256: hash.optional(),
  })
  .refine(
    ({ content, url, sha256 }) => content !== undefined || (url !== undefined && sha256 !== undefined),
    {
      message: 'needs content, or url and sha256',
      path: ['content'],
    },
  );
const exhibits = z.array(exhibit).max(10).default([]);
const remedy = z.enum(REMEDIES);
const statement = text(10_000);

export const disputeRequest = z
  .object({
    reason: z.enum(DISPUTE_REASONS).exclude(['reversal']),
    description: statement,
    remedy_requested: remedy,
    /** Of a partial refund. */
    amount: decimal.optional(),
    evidence: exhibits,
    extensions,
  })
  .meta({ id: 'DisputeRequest' });

export const answerRequest = z
  .object({
    position: z.enum(['accept', 'contest', 'evidence']),
    statement,
    evidence: exhibits,
    extensions,
  })
  .meta({ id: 'DisputeAnswerRequest' });

export const resolutionRequest = z
  .object({ remedy, amount: decimal.optional(), reason: text(2_000), extensions })
  .meta({ id: 'DisputeResolutionRequest' });

export const panelRequest = z
  .object({
    members: z.array(z.string().max(40)).min(1).max(15),
    quorum: z.int().min(1).max(15),
    extensions,
  })
  .meta({ id: 'DisputePanelRequest' });

export const voteRequest = z
  .object({
    remedy,
    /** With all of the asset's digits, as it is signed: "10.00". */
    amount: decimal.optional(),
    reason: z.string().min(1).max(2_000),
    /** Ed25519 by the member's agent key over the canonical vote, base64. */
    signature: z.string().max(100),
    extensions,
  })
  .meta({ id: 'DisputeVoteRequest' });

export const disputeParams = z.object({ dispute_id: z.string().max(40) });
export const disputesQuery = z.object({
  status: z.enum([...DISPUTE_STATUSES, 'overdue']).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const disputeResponse = z
  .object({
    dispute_id: id('dispute'),
    transaction_id: id('transaction'),
    filed_by: z.string(),
    side: z.enum(['buyer', 'seller', 'aura']),
    /** The side that has to answer. */
    respondent: z.enum(['buyer', 'seller']),
    reason: z.enum(DISPUTE_REASONS),
    description: z.string(),
    remedy_requested: remedy,
    amount_requested: z.string().nullable(),
    currency: z.string(),
    status: z.enum(DISPUTE_STATUSES),
    /** Whether the deadline for a decision has passed without one. */
    overdue: z.boolean(),
    answer_due_at: z.string(),
    decision_due_at: z.string(),
    statements: z.array(
      z.object({
        agent_id: z.string(),
        position: z.string(),
        statement: z.string(),
        evidence: z.array(
          z.object({
            description: z.string(),
            media_type: z.string().optional(),
            content: z.string().optional(),
            url: z.string().optional(),
            sha256: z.string(),
          }),
        ),
        at: z.string(),
      }),
    ),
    /** What its members voted shows once the dispute is decided. */
    panel: z
      .object({
        quorum: z.int(),
        members: z.array(
          z.object({
            agent_id: z.string(),
            voted: z.boolean(),
            remedy: remedy.nullable(),
            amount: z.string().nullable(),
            reason: z.string().nullable(),
          }),
        ),
      })
      .nullable(),
    decision: z
      .object({
        remedy,
        amount: z.string().nullable(),
        decided_by: z.string(),
        reason: z.string(),
        decided_at: z.string(),
      })
      .nullable(),
    refund: z.object({ refund_id: z.string(), amount: z.string(), status: z.string() }).nullable(),
    created_at: z.string(),
    closed_at: z.string().nullable(),
    evidence_url: z.string(),
    transaction_url: z.string(),
  })
  .meta({ id: 'Dispute' });

export const disputesResponse = z
  .object({ disputes: z.array(disputeResponse.omit({ statements: true, panel: true, refund: true })) })
  .meta({ id: 'Disputes' });

/** The document is described in `docs/evidence.md`; its parts are signed, so they are shown as they are. */
export const bundleResponse = z
  .object({ bundle: z.record(z.string(), z.unknown()), signature: z.string() })
  .meta({ id: 'EvidenceBundle' });
