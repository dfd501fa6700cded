/** The fields that the rail port's documents are made of. */
import { z } from 'zod';
import { idPattern, type IdKind } from '../ids';
import { isRecordable, OUT_OF_CALENDAR } from '../recordable-time';
import { FINALITY_ORDER, RAILS, type Finality } from '../settlement';

/** An amount of at most 38 digits, as the books keep it. */
export const minor = z
  .string()
  .regex(/^(0|[1-9]\d{0,37})$/, 'integer minor units')
  .describe('Integer minor units of the asset, as decimal digits.');

export const positiveMinor = z
  .string()
  .regex(/^[1-9]\d{0,37}$/, 'positive integer minor units')
  .describe('Positive integer minor units of the asset, as decimal digits.');

export const balanceMinor = z
  .string()
  .regex(/^(0|-?[1-9]\d{0,37})$/, 'integer minor units')
  .describe('Integer minor units of the asset; negative when overdrawn.');

export const asset = z
  .string()
  .regex(
    /^([A-Z]{3}|[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}\/[-a-z0-9]{3,8}:[-.%a-zA-Z0-9]{1,128})$/,
    'an ISO 4217 currency or a CAIP-19 token',
  )
  .describe('An ISO 4217 currency code or a CAIP-19 token.');

export const railName = z.enum(RAILS);
export const finality = z.enum(FINALITY_ORDER as readonly [Finality, ...Finality[]]);
export const id = (kind: IdKind) => z.string().regex(idPattern(kind), `not a ${kind} id`);
export const instructionId = id('instruction').describe('AURA’s id of the instruction.');

/** Half a surrogate pair has no bytes in UTF-8, so nothing that is signed may have one. */
const unicode = (text: string) => !/\p{Surrogate}/u.test(text);

/* eslint-disable no-control-regex -- the database takes no NUL, and nobody can read the other control characters */

/** Text of one line. */
export const line = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\x00-\x1f\x7f]+$/, 'one line of text')
    .refine(unicode, 'not Unicode text');

/** Text of any lines. */
export const prose = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\x00]*$/, 'text without NUL')
    .refine(unicode, 'not Unicode text');

/* eslint-enable no-control-regex */

export const evidence = prose(500_000).describe('The native message as the network sent it.');

export const instant = z.iso
  .datetime()
  .refine(isRecordable, OUT_OF_CALENDAR)
  .describe('RFC 3339, UTC, ending in Z.');
export const day = z.iso
  .date()
  .refine(isRecordable, OUT_OF_CALENDAR)
  .describe('The rail’s own business date.');
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'SHA-256 in lower-case hex');
export const keyId = line(100).describe('The id under which the signer’s key is registered.');
export const signature = z
  .string()
  .regex(/^[A-Za-z0-9+/]{86}==$/, 'an Ed25519 signature in base64')
  .describe('Ed25519, base64.');
