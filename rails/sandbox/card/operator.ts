/** The operator's side of the simulation, in JSON: cards, chargebacks, webhooks, misbehaviour, tampering. */
import { ulid } from 'ulid';
import { z } from 'zod';
import { decideChargeback, openChargeback } from './chargebacks';
import { CARD_MISBEHAVIOUR_KINDS, CARD_OCCASIONS, type CardMisbehaviourKind } from './misbehaviour';
import { businessDate, found, Refusal, type Processor } from './processor';
import { createRefund } from './refunds';
import { minor, positiveMinor, readBody } from './request';
import { balanceMinor, type Token } from './state';

export interface OperatorQuestion {
  method: string;
  /** Path segments after `/operator`. */
  path: string[];
  query: URLSearchParams;
  body: unknown;
}

type Handler = (processor: Processor, question: OperatorQuestion) => { status: number; body: unknown };

const ok = (body: unknown) => ({ status: 200, body });
const created = (body: unknown) => ({ status: 201, body });

const rule = z.strictObject({
  kind: z
    .enum(CARD_MISBEHAVIOUR_KINDS as [string, ...string[]])
    .transform((kind) => kind as CardMisbehaviourKind),
  on: z.enum(CARD_OCCASIONS).default('transfer'),
  nextCount: z.number().int().min(1).max(1_000_000).optional(),
  rateBps: z.number().int().min(0).max(10_000).optional(),
  matching: z
    .strictObject({ reference: z.string().max(64).optional(), amountMinor: minor.optional() })
    .optional(),
});
const seeding = z.strictObject({ seed: z.number().int().min(0).max(0xffff_ffff) });
const funds = z.strictObject({ balanceMinor: minor });
const decision = z.strictObject({ outcome: z.enum(['won', 'lost']) });
const webhook = z.strictObject({ url: z.url({ protocol: /^https?$/ }).nullable() });
const refund = z.strictObject({ capture: z.string(), amountMinor: positiveMinor });
const lineId = z.string().min(1).max(64);
const tamper = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('drop'), reference: lineId }),
  z.strictObject({ action: z.literal('duplicate'), reference: lineId }),
  z.strictObject({ action: z.literal('amount'), reference: lineId, amountMinor: positiveMinor }),
  z.strictObject({
    action: z.literal('add'),
    reference: lineId.optional(),
    direction: z.enum(['credit', 'debit']),
    amountMinor: positiveMinor,
    quoting: z.string().max(64).optional(),
    bookedAt: z.iso.datetime({ offset: true }).optional(),
  }),
]);

const MAX_TRANSFERS = 1_000;

const ROUTES: Readonly<Record<string, Handler>> = {
  'GET ': (processor) => ok({ rail: 'card', now: processor.now() }),
  'GET settlement-account': ({ state }) =>
    ok({ balanceMinor: balanceMinor(state).toString(), openingMinor: (state.openingMinor ?? 0n).toString() }),
  'GET tokens/*': (processor, { path }) => ok(shownToken(tokenOf(processor, path))),
  'PUT tokens/*/funds': setFunds,
  'POST tokens/*/close': closeCard,
  'GET transfers': listTransfers,
  'GET chargebacks': ({ state }) => ok({ chargebacks: [...state.chargebacks.values()] }),
  'POST chargebacks': (processor, { body }) =>
    created(openChargeback(processor, captureNamed(processor, body))),
  'POST chargebacks/*/decision': (processor, { path, body }) =>
    ok(decideChargeback(processor, path[1] ?? '', readBody(decision, body).outcome)),
  'POST refunds': refundUnasked,
  'GET webhook': ({ state }) => ok({ url: state.webhookUrl }),
  'PUT webhook': (processor, { body }) => {
    const record = readBody(webhook, body);
    processor.record({ put: 'webhook', record });
    return ok(record);
  },
  'GET misbehaviours': ({ misbehaviour }) => ok({ rules: misbehaviour.rules() }),
  'POST misbehaviours': ({ misbehaviour }, { body }) => {
    misbehaviour.add(readBody(rule, body));
    return created({ rules: misbehaviour.rules() });
  },
  'DELETE misbehaviours': ({ misbehaviour }) => {
    misbehaviour.clear();
    return ok({ rules: [] });
  },
  'PUT misbehaviours/seed': ({ misbehaviour }, { body }) => {
    misbehaviour.seed(readBody(seeding, body).seed);
    return ok({});
  },
  'POST statement/tamper': tamperStatement,
};

export function onOperatorQuestion(processor: Processor, question: OperatorQuestion) {
  const named = ['tokens', 'chargebacks'].includes(question.path[0] ?? '');
  const pattern = question.path.map((segment, index) => (named && index === 1 ? '*' : segment));
  const key = `${question.method} ${pattern.join('/')}`;
  const handler = Object.hasOwn(ROUTES, key) ? ROUTES[key] : undefined;
  if (!handler) throw new Refusal(404, 'unknown_endpoint', 'there is no such operation');
  return processor.transact(() => handler(processor, question));
}

function tokenOf({ state }: Processor, [, id = '']: string[]): Token {
  return found(state.tokens.get(id), 'token');
}

function shownToken({ balance_minor, held_minor, ...token }: Token) {
  return { ...token, balanceMinor: balance_minor, heldMinor: held_minor };
}

function setFunds(processor: Processor, { path, body }: OperatorQuestion) {
  const record = { ...tokenOf(processor, path), balance_minor: readBody(funds, body).balanceMinor };
  processor.record({ put: 'token', record });
  return ok(shownToken(record));
}

function closeCard(processor: Processor, { path }: OperatorQuestion) {
  const record = { ...tokenOf(processor, path), open: false };
  processor.record({ put: 'token', record });
  return ok(shownToken(record));
}

const byInstruction = z.looseObject({ reference: z.string().optional(), capture: z.string().optional() });

/** A capture by its id, or by the reference of the client. */
function captureNamed({ state }: Processor, body: unknown): unknown {
  const { reference, ...rest } = readBody(byInstruction, body);
  if (reference === undefined) return rest;
  const capture = (state.byReference.get(reference) ?? []).find((id) => state.captures.has(id));
  return { ...rest, capture: found(capture, 'capture') };
}

/**
 * What became of each reference of the client, in the form in which the instant networks show their transfers: the last
 * ones, or from `after` on.
 */
function listTransfers({ state }: Processor, { query }: OperatorQuestion) {
  const only = query.get('reference');
  const after = query.get('after');
  const known = [...state.byReference.keys()];
  const page =
    after === null ? known.slice(-MAX_TRANSFERS) : known.slice(offsetIn(after)).slice(0, MAX_TRANSFERS);
  const references = only === null ? page : [only];
  const transfers = references.map((id) => {
    const ids = state.byReference.get(id) ?? [];
    const moved = ids.flatMap((one) => state.captures.get(one) ?? state.refunds.get(one) ?? []);
    const bookings = moved
      .filter(({ status }) => status === 'succeeded')
      .map((record) => ({ reference: record.id, amountMinor: record.amount_minor }));
    const last = ids.flatMap((one) => state.authorizations.get(one) ?? state.refunds.get(one) ?? []).at(-1);
    return { id, status: last?.status ?? 'unknown', instructedMinor: last?.amount_minor ?? '0', bookings };
  });
  const next = after !== null && page.length === MAX_TRANSFERS ? offsetIn(after) + MAX_TRANSFERS : null;
  return ok({ transfers, next });
}

function offsetIn(text: string): number {
  const after = Number(text);
  if (Number.isSafeInteger(after) && after >= 0) return after;
  throw new Refusal(400, 'invalid_request', 'after counts from 0');
}

/** A refund that nobody instructed, as from the processor's own dashboard: it quotes the capture's reference. */
function refundUnasked(processor: Processor, { body }: OperatorQuestion) {
  const { capture: id, amountMinor } = readBody(refund, body);
  const { reference, currency } = found(processor.state.captures.get(id), 'capture');
  return created(createRefund(processor, id, { amount_minor: amountMinor, currency, reference }, undefined));
}

function tamperStatement(processor: Processor, { body }: OperatorQuestion) {
  const given = readBody(tamper, body);
  if (given.action !== 'add') {
    const { reference: id, ...action } = given;
    found(
      processor.state.entries.find((line) => line.id === id),
      'line',
    );
    processor.record({ put: 'tamper', record: { ...action, id } });
    return ok({ reference: id });
  }
  const booked_at = new Date(given.bookedAt ?? processor.now()).toISOString();
  const id = given.reference ?? `adj_${ulid()}`;
  const line = {
    type: 'adjustment',
    id,
    line: '0',
    reference: given.quoting ?? null,
    direction: given.direction,
    gross_minor: given.amountMinor,
    fee_minor: '0',
    currency: 'USD',
    business_date: businessDate(booked_at),
    booked_at,
  } as const;
  processor.record({ put: 'tamper', record: { action: 'add', line } });
  return created({ reference: id });
}
