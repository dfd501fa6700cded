/** Reads the `PAYMENT-SIGNATURE` header: base64 of a JSON payment payload, x402 v2, scheme `exact` on EVM by EIP-3009. */
import { z } from 'zod';
import type { TransferAuthorization } from './authorization';
import { paymentIdentifierOf } from './payment-identifier';

const MAX_HEADER_BYTES = 8_192;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/);
const uint = z.string().regex(/^(0|[1-9]\d{0,77})$/);

const envelope = z.object({
  x402Version: z.number(),
  accepted: z.object({
    scheme: z.string(),
    network: z.string(),
    amount: z.string(),
    asset: z.string(),
    payTo: z.string(),
  }),
  payload: z.record(z.string(), z.unknown()),
  extensions: z.record(z.string(), z.unknown()).nullish(),
});

const exact = z.object({
  signature: z.string().regex(/^0x([0-9a-fA-F]{2}){1,1024}$/),
  authorization: z.object({
    from: address,
    to: address,
    value: uint,
    validAfter: uint,
    validBefore: uint,
    nonce: z.string().regex(/^0x[0-9a-fA-F]{64}$/),
  }),
});

/** What the payer accepted, and what it signed. */
export interface Payment {
  accepted: z.infer<typeof envelope>['accepted'];
  authorization: TransferAuthorization;
  /** The payment-identifier extension's id. */
  identifier: string | undefined;
}

/** By the protocol's names (x402 v2, section 9). */
export type PayloadProblem = {
  reason: 'invalid_payload' | 'invalid_x402_version' | 'unsupported_scheme';
  detail: string;
};

export function readPayment(header: string): Payment | { problem: PayloadProblem } {
  const json = decode(header);
  if (json === undefined) return invalid('the header is not base64 of JSON');
  const outer = envelope.safeParse(json);
  if (!outer.success) return invalid(firstIssue(outer.error));
  const { x402Version, accepted, payload, extensions } = outer.data;
  if (x402Version !== 2) {
    return {
      problem: { reason: 'invalid_x402_version', detail: `version ${x402Version} is not spoken here` },
    };
  }
  if (accepted.scheme !== 'exact') {
    return { problem: { reason: 'unsupported_scheme', detail: 'only the scheme "exact" is offered' } };
  }
  const inner = exact.safeParse(payload);
  if (!inner.success) return invalid(`payload.${firstIssue(inner.error)}`);
  const identifier = paymentIdentifierOf(extensions ?? {});
  if (identifier === null)
    return invalid('payment-identifier: 16 to 128 letters, digits, hyphens, underscores');
  const { authorization, signature } = inner.data;
  return {
    accepted,
    authorization: {
      ...authorization,
      // One spelling, so that a nonce is recognised however it is written.
      nonce: authorization.nonce.toLowerCase(),
      signature,
    } as TransferAuthorization,
    identifier,
  };
}

function invalid(detail: string): { problem: PayloadProblem } {
  return { problem: { reason: 'invalid_payload', detail } };
}

function firstIssue({ issues: [issue] }: z.ZodError): string {
  return `${issue?.path.map(String).join('.') || 'payload'}: ${issue?.message ?? 'invalid'}`;
}

function decode(header: string): unknown {
  if (header.length > MAX_HEADER_BYTES || !BASE64.test(header)) return undefined;
  try {
    return JSON.parse(Buffer.from(header, 'base64').toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
