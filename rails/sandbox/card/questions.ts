/** What clients can ask of the processor: one entry for each method and path. */
import { z } from 'zod';
import { createAgreement } from './agreements';
import { createAuthorization, voidAuthorization } from './authorizations';
import { createCapture } from './captures';
import { represent } from './chargebacks';
import type { CardMisbehaviourKind, CardSubject } from './misbehaviour';
import { found, Refusal, type Processor } from './processor';
import { createRefund } from './refunds';
import { reportAsCsv, settlementReport } from './settlements';
import { createToken, tokenView } from './tokens';
import { readBody } from './request';
import { settleOpen } from './upkeep';

export interface Asked {
  /** The id in the path, where it has one. */
  id: string;
  query: URLSearchParams;
  body: unknown;
  /** Whether the client would rather have CSV. */
  csv: boolean;
}

export interface Answered {
  status: number;
  body: unknown;
  /** Instead of JSON. */
  csv?: string;
}

export interface Endpoint {
  occasion: CardSubject['occasion'];
  /** Whether the publishable key, which anybody may know, suffices. */
  publishable?: boolean;
  /** What is asked for twice under one idempotency key happens once; such a question needs a key. */
  idempotent?: boolean;
  run(processor: Processor, asked: Asked, kind: CardMisbehaviourKind | undefined): Answered;
}

const created = (body: unknown): Answered => ({ status: 201, body });
const ok = (body: unknown): Answered => ({ status: 200, body });

const MAX_PAGE = 1_000;

type Collection = 'agreements' | 'authorizations' | 'captures' | 'refunds' | 'chargebacks';

export const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  'POST tokens': {
    occasion: 'mandate',
    publishable: true,
    run: (processor, { body }) => created(createToken(processor, body)),
  },
  'GET tokens/*': {
    occasion: 'inquiry',
    run: ({ state }, { id }) => ok(tokenView(found(state.tokens.get(id), 'token'))),
  },
  'POST agreements': {
    occasion: 'mandate',
    idempotent: true,
    run: (processor, { body }, kind) => created(createAgreement(processor, body, kind)),
  },
  'POST authorizations': {
    occasion: 'authorization',
    idempotent: true,
    run: (processor, { body }, kind) => created(createAuthorization(processor, body, kind)),
  },
  'POST authorizations/*/capture': {
    occasion: 'capture',
    idempotent: true,
    run: (processor, { id, body }, kind) => created(createCapture(processor, id, body, kind)),
  },
  'POST authorizations/*/void': {
    occasion: 'void',
    idempotent: true,
    run: (processor, { id }) => ok(voidAuthorization(processor, id)),
  },
  'POST captures/*/refunds': {
    occasion: 'refund',
    idempotent: true,
    run: (processor, { id, body }, kind) => created(createRefund(processor, id, body, kind)),
  },
  'POST chargebacks/*/representments': {
    occasion: 'representment',
    idempotent: true,
    run: (processor, { id, body }) => created(represent(processor, id, body)),
  },
  ...reading('agreements'),
  ...reading('authorizations'),
  ...reading('captures'),
  ...reading('refunds'),
  ...reading('chargebacks'),
  'GET events': { occasion: 'events', run: listEvents },
  'GET events/*': {
    occasion: 'events',
    run: ({ state }, { id }) => ok(found(state.events[placeOf(id) - 1], 'event')),
  },
  'GET settlements': { occasion: 'statement', run: report },
};

/** One record by its id, or all with a reference or idempotency key of the client. */
function reading(collection: Collection): Record<string, Endpoint> {
  return {
    [`GET ${collection}`]: {
      occasion: 'inquiry',
      run: (processor, asked) => list(processor, collection, asked),
    },
    [`GET ${collection}/*`]: {
      occasion: 'inquiry',
      run(processor, { id }) {
        settleOpen(processor, id);
        return ok(found(processor.state[collection].get(id), collection.slice(0, -1)));
      },
    },
  };
}

function list(processor: Processor, collection: Collection, { query }: Asked): Answered {
  const { state } = processor;
  const reference = query.get('reference');
  const key = query.get('idempotency_key');
  if ((reference === null) === (key === null))
    throw new Refusal(400, 'invalid_request', 'give either reference or idempotency_key');
  const ids = reference !== null ? (state.byReference.get(reference) ?? []) : idsOfKey(processor, key ?? '');
  const mine = ids.filter((id) => state[collection].has(id));
  for (const id of mine) settleOpen(processor, id);
  const data = mine.map((id) => state[collection].get(id));
  return ok({ object: 'list', as_of: processor.now(), data });
}

const identified = z.object({ id: z.string() });

function idsOfKey({ state }: Processor, key: string): string[] {
  const answer = state.answers.get(key);
  const record = answer && identified.safeParse(JSON.parse(answer.body));
  return record?.success ? [record.data.id] : [];
}

function listEvents(processor: Processor, { query }: Asked): Answered {
  const after = query.get('after') ?? '';
  const limit = pageSize(query, MAX_PAGE);
  const { events } = processor.state;
  const start = after === '' ? 0 : placeOf(after);
  if (!Number.isSafeInteger(start)) throw new Refusal(400, 'invalid_request', 'after is the id of an event');
  return ok({ object: 'list', as_of: processor.now(), data: events.slice(start, start + limit) });
}

/** Ids count the events from 1, so the place of one follows from its id. */
function placeOf(eventId: string): number {
  return Number(/^evt_(\d{12})$/.exec(eventId)?.[1] ?? NaN);
}

const instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString());
const period = z.object({ from: instant, to: instant, start: z.coerce.number().int().min(0).default(0) });

function report(processor: Processor, { query, csv }: Asked): Answered {
  const { from, to, start } = readBody(period, Object.fromEntries(query));
  if (from >= to) throw new Refusal(400, 'invalid_request', 'the period ends before it begins');
  const limit = csv ? Number.MAX_SAFE_INTEGER : pageSize(query, MAX_PAGE);
  const found = settlementReport(processor, { from, to, start: csv ? 0 : start, limit });
  return csv ? { status: 200, body: undefined, csv: reportAsCsv(found) } : ok(found);
}

function pageSize(query: URLSearchParams, max: number): number {
  const limit = Number(query.get('limit') ?? max);
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > max)
    throw new Refusal(400, 'invalid_request', `limit is 1 to ${max}`);
  return limit;
}
