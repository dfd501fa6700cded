/** What the bank answers, besides files: JSON signed by its key. Amounts are decimal strings of minor units (cents). */
import { z } from 'zod';

const minor = z.string().regex(/^\d{1,18}$/);
const date = z.string().regex(/^\d{4}-\d\d-\d\d$/);
const instant = z.iso.datetime();
const trace = z.string().regex(/^\d{15}$/);
const direction = z.enum(['credit', 'debit']);
const MAX_ENTRIES = 10_000;
const MAX_LISTED = 1_000;

/** The answer to a file. `duplicate`: this very file came before, and these were its entries then. */
export const acknowledgement = z.object({
  type: z.literal('ach.acknowledgement.v1'),
  file_name: z.string(),
  file_sha256: z.string(),
  status: z.enum(['accepted', 'rejected']),
  duplicate: z.boolean(),
  reason: z.string().optional(),
  detail: z.string().optional(),
  received_at: instant,
  /** The bank's business date. */
  business_date: date,
  entries: z
    .array(
      z.object({
        instruction_id: z.string(),
        /** `duplicate`: it came before, in another file. */
        status: z.enum(['accepted', 'rejected', 'duplicate']),
        trace: trace.optional(),
        settles_on: date.optional(),
        reason: z.string().optional(),
        detail: z.string().optional(),
      }),
    )
    .max(MAX_ENTRIES),
});
export type Acknowledgement = z.infer<typeof acknowledgement>;

/** An entry of AURA's account statement. `credit` is money to AURA. */
export const statementEntry = z.object({
  reference: z.string().min(1).max(35),
  direction,
  amount_minor: minor,
  asset: z.string(),
  /** Null where the entry is a whole batch, or not AURA's. */
  instruction_id: z.string().nullable(),
  booked_at: instant,
  business_date: date,
});
export type StatementEntry = z.infer<typeof statementEntry>;

/** All that the bank knows of an instruction. */
export const entryRecord = z.object({
  type: z.literal('ach.entry.v1'),
  instruction_id: z.string(),
  as_of: instant,
  business_date: date,
  /** `returned` is before settlement or after it, see `return`; `unknown` as of now. */
  status: z.enum(['unknown', 'accepted', 'rejected', 'settled', 'returned']),
  acceptance: z
    .object({
      file_name: z.string(),
      accepted_at: instant,
      received_on: date,
      settles_on: date,
      trace,
      batch_reference: z.string(),
      entry_class: z.enum(['PPD', 'CCD']),
      direction,
      amount_minor: minor,
      asset: z.string(),
    })
    .optional(),
  rejection: z.object({ reason: z.string(), detail: z.string(), at: instant }).optional(),
  settlements: z
    .array(
      z.object({
        trace,
        amount_minor: minor,
        asset: z.string(),
        settlement_date: date,
        settled_at: instant,
      }),
    )
    .max(10),
  return: z
    .object({
      code: z.string(),
      trace,
      before_settlement: z.boolean(),
      amount_minor: minor,
      date,
      at: instant,
      file_name: z.string(),
      /** The addenda as the return file has it; the entry itself would quote the receiver's name and account. */
      lines: z.array(z.string()).max(1),
    })
    .optional(),
  changes: z.array(z.object({ code: z.string(), trace, at: instant, file_name: z.string() })).max(100),
  statement_entries: z.array(statementEntry).max(10),
});
export type EntryRecord = z.infer<typeof entryRecord>;

export const authorizationAnswer = z.object({
  type: z.literal('ach.authorization.v1'),
  mandate_id: z.string(),
  status: z.enum(['accepted', 'rejected']),
  reference: z.string().max(15).optional(),
  reason: z.string().optional(),
  detail: z.string().optional(),
  as_of: instant,
});
export type AuthorizationAnswer = z.infer<typeof authorizationAnswer>;

/** What is put to the bank for an authorization to debit an account. */
export const authorizationRequest = z.strictObject({
  routing_number: z.string().regex(/^\d{9}$/),
  account_number: z.string().regex(/^[A-Za-z0-9-]{1,17}$/),
  account_type: z.enum(['checking', 'savings']),
  ceiling_minor: minor,
  asset: z.string(),
  expires_at: instant,
});
export type AuthorizationRequest = z.infer<typeof authorizationRequest>;

export const INBOUND_KINDS = ['return', 'change', 'settlement'] as const;
export const inboundList = z.object({
  type: z.literal('ach.inbound-files.v1'),
  /** In order of their names, after the one asked for. */
  files: z
    .array(
      z.object({
        name: z.string().regex(/^[A-Za-z0-9.-]{1,60}$/),
        kind: z.enum(INBOUND_KINDS),
        sha256: z.string(),
        published_at: instant,
      }),
    )
    .max(MAX_LISTED),
});

export const statementPage = z.object({
  type: z.literal('ach.statement.v1'),
  from: instant,
  to: instant,
  opening_minor: z.string().regex(/^-?\d{1,18}$/),
  closing_minor: z.string().regex(/^-?\d{1,18}$/),
  asset: z.string(),
  entries: z.array(statementEntry).max(MAX_LISTED),
  /** Offset of the next page. */
  next: z.number().int().nullable(),
});
export type StatementPage = z.infer<typeof statementPage>;

/** The parts of the batches that settled under one reference. */
export const batchRecord = z.object({
  type: z.literal('ach.batch.v1'),
  reference: z.string(),
  parts: z
    .array(
      z.object({
        instruction_id: z.string(),
        trace,
        direction,
        amount_minor: minor,
        asset: z.string(),
        settlement_date: date,
      }),
    )
    .max(MAX_ENTRIES),
});
