import { z } from 'zod';
import {
  alteredLine,
  railNotice,
  signedInstruction,
  statementLine,
  statementRun,
} from '../../domain/rail-port';
import { balanceMinor, line, prose } from '../../domain/rail-port/fields';
import { ACCOUNT_FORMS } from '../../domain/rail-terms';
import { FINALITY_ORDER, type Finality } from '../../domain/settlement';
import { extensions, id, instant, rail } from './common';
import { transferAuthorization } from './parties';

/** No underscore and no capitals, so that it can never be taken for an agent's id; or one that AURA gave. */
const keyId = z.union([
  id('key'),
  z.string().regex(/^[a-z0-9][a-z0-9.-]{2,63}$/, '3 to 64 lower-case letters, digits, dots and dashes'),
]);

export const railKeyRequest = z
  .object({
    rail,
    /** AURA gives one where none is said. */
    key_id: keyId.optional(),
    public_key: z.union([z.string().max(2_000), z.record(z.string(), z.unknown())]),
    /** From when on it proves executions; now by default. */
    valid_from: instant.optional(),
    extensions,
  })
  .meta({ id: 'RailKeyRequest' });

const railKey = z.object({
  key_id: z.string(),
  public_key: z.string(),
  valid_from: z.string(),
  /** Null while it stands. */
  valid_to: z.string().nullable(),
});

export const railKeyResponse = railKey.extend({ rail }).meta({ id: 'RailKey' });
export const railKeyParams = z.object({ rail, key_id: z.string().max(100) });

export const railsResponse = z
  .object({
    rails: z.array(
      z.object({
        rail,
        finality: z.enum(FINALITY_ORDER as readonly [Finality, ...Finality[]]),
        account_form: z.enum(ACCOUNT_FORMS),
        pays_out: z.boolean(),
        /** What the books call it, what the rail moves for it at par, and the largest transfer. */
        assets: z.array(z.object({ currency: z.string(), settles_in: z.string(), max_amount: z.string() })),
        reversal_window_days: z.int(),
        cost: z.object({ fixed_minor: z.string(), bps: z.int() }),
        windows: z.object({
          instruction_ttl_ms: z.int(),
          max_delay_ms: z.int(),
          patience_ms: z.int(),
          inquiry_first_ms: z.int(),
          inquiry_last_ms: z.int(),
        }),
        /** What its worker last reported of the network; null where none ever did. */
        health: z
          .object({
            state: z.enum(['closed', 'open', 'half_open']),
            detail: z.string().nullable(),
            since: z.string(),
          })
          .nullable(),
        task_queue: z.string(),
        keys: z.array(railKey),
      }),
    ),
  })
  .meta({ id: 'Rails' });

export const railParams = z.object({ rail });
export const instructionParams = z.object({ rail, instruction_id: id('instruction') });
export const mandateParams = z.object({ rail, mandate_id: id('mandate') });
export const accountParams = z.object({ rail, account_id: id('paymentAccount') });

export const claimRequest = z
  .object({
    /** Names this attempt: random, kept in memory only, and new for every attempt. */
    claimant: z
      .string()
      .regex(/^[A-Za-z0-9._:-]{16,64}$/, '16 to 64 letters, digits, dots, colons and dashes'),
    extensions,
  })
  .meta({ id: 'TransmissionClaimRequest' });

export const claimResponse = z
  .object({ instruction_id: id('instruction'), claimant: z.string(), claimed_at: z.string() })
  .meta({ id: 'TransmissionClaim' });

const account = z.object({
  account_ref: z.string(),
  form: z.enum(ACCOUNT_FORMS),
  holder_name: z.string(),
  asset: z.string(),
  routing_number: z.string().optional(),
  account_number: z.string().optional(),
  account_type: z.enum(['checking', 'savings']).optional(),
  business: z.boolean().optional(),
  token: z.string().optional(),
  address: z.string().optional(),
});

const mandate = z.object({
  mandate_ref: z.string(),
  /** The network's own, once it was accepted. */
  reference: z.string().nullable(),
  ceiling: z.string(),
  currency: z.string(),
  expires_at: z.string(),
  /** What the payer signed for it, where the rail asks for that. */
  /** An EIP-3009 transfer, or what a facilitator's token needs; only the rail that draws on it reads this. */
  authorization: z.union([transferAuthorization, z.record(z.string(), z.unknown())]).nullable(),
});

const party = z.object({
  account_ref: z.string(),
  /** Null for AURA's own account, which the adapter knows. */
  account: account.nullable(),
  mandate: mandate.nullable(),
});

export const instructionResponse = signedInstruction.meta({ id: 'RailInstruction' });
export const partiesResponse = z
  .object({ instruction_id: id('instruction'), debtor: party, creditor: party })
  .meta({ id: 'InstructionParties' });
export const railMandateResponse = z
  .object({ ...mandate.shape, status: z.string(), account })
  .meta({ id: 'RailMandate' });

export const correctionRequest = z
  .object({
    routing_number: z
      .string()
      .regex(/^\d{9}$/, 'nine digits')
      .optional(),
    account_number: z
      .string()
      .regex(/^[0-9A-Za-z]{4,34}$/, '4 to 34 letters and digits')
      .optional(),
    account_type: z.enum(['checking', 'savings']).optional(),
    extensions,
  })
  .meta({ id: 'AccountCorrectionRequest' });
export const correctionResponse = z
  .object({ account_ref: z.string(), corrected: z.array(z.string()) })
  .meta({ id: 'AccountCorrection' });

const LINES_AT_ONCE = 1_000;
const NOTICES_AT_ONCE = 100;

export const linesRequest = z
  .object({
    /** The run as `fetchStatement` was given it; without one the lines are just told. */
    run: statementRun.optional(),
    lines: z.array(statementLine).max(LINES_AT_ONCE),
    /** With the run's last lines: balances of AURA's account and the number of lines in all. */
    statement: z
      .object({
        opening_minor: balanceMinor,
        closing_minor: balanceMinor,
        lines: z.int().min(0).max(100_000_000),
      })
      .optional(),
    extensions,
  })
  .meta({ id: 'StatementLinesRequest' });

export const linesResponse = z
  .object({ accepted: z.int(), altered: z.array(alteredLine) })
  .meta({ id: 'StatementLinesAccepted' });

export const noticesRequest = z
  .object({
    notices: z.array(railNotice).max(NOTICES_AT_ONCE),
    /** Where to go on from; AURA keeps it and gives it back. */
    cursor: line(500).nullable().optional(),
    extensions,
  })
  .meta({ id: 'RailNoticesRequest' });
export const noticesResponse = z
  .object({ accepted: z.int(), cursor: z.string().nullable() })
  .meta({ id: 'RailNoticesAccepted' });
export const cursorResponse = z.object({ cursor: z.string().nullable() }).meta({ id: 'RailNoticeCursor' });

export const healthRequest = z
  .object({
    state: z.enum(['closed', 'open', 'half_open']),
    detail: prose(200).nullable().default(null),
    extensions,
  })
  .meta({ id: 'RailHealthRequest' });
export const healthResponse = z
  .object({ rail, state: z.string(), detail: z.string().nullable() })
  .meta({ id: 'RailHealth' });
