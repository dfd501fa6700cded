/** Receives webhooks in a server of `node:http`: verified, answered in time, and each event handled once. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpOptions } from './http';
import type { BeaconWebhook, OfferRequest, Schemas, ScoutWebhook } from './types';
import { createAuraKeys, verifyWebhook, type AuraKeys } from './webhooks';

/** What a seller is asked before a commit. Amounts are named as the seller's version of the protocol names them. */
export interface OrderConfirmation {
  transaction_id: string;
  session_id: string;
  offer_id: string;
  quantity: number;
  amounts: Readonly<Record<string, string | number>>;
  shipping_method: string | null;
  /** An answer after this counts as none. */
  respond_by: string;
  /** How long the goods are to be kept for a deal that is heard no more of. */
  hold_until: string;
}

export type OrderAnswer =
  { confirmed: true; merchant_order_id?: string } | { confirmed: false; reason?: string };

export type OtherWebhook = Exclude<BeaconWebhook | ScoutWebhook, Schemas['BeaconOfferRequestMessage']>;

export interface WebhookOptions {
  /** Where AURA's keys are read; or the keys themselves. */
  aura: HttpOptions | AuraKeys;
  onOfferRequest?: (request: OfferRequest) => unknown;
  /** Confirms or declines an order; without it every order is confirmed. */
  onOrderConfirmation?: (order: OrderConfirmation) => OrderAnswer | Promise<OrderAnswer>;
  /** Everything else. */
  onEvent?: (event: OtherWebhook) => unknown;
  /** Hears of what failed; an event whose handler failed in time is delivered again. */
  onError?: (error: unknown) => void;
  /** After this long a delivery is acknowledged while its handler goes on, milliseconds; default 4,000 of AURA's 5,000. */
  answerWithinMs?: number;
}

interface Reply {
  status: number;
  body?: unknown;
}

const BODY_MAX_BYTES = 1_048_576;
const BODY_WITHIN_MS = 5_000;
const ANSWER_WITHIN_MS = 4_000;
/** Events remembered, so that one which comes again is not handled again. */
const REMEMBERED_MAX = 10_000;

/** A listener for `createServer`, or for a route of a server that leaves the body unread. */
export function webhookHandler(
  options: WebhookOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const keys = 'current' in options.aura ? options.aura : createAuraKeys(options.aura);
  const handled = new Map<string, Promise<Reply>>();

  async function receive(request: IncomingMessage): Promise<Reply> {
    if (request.method !== 'POST') return { status: 405 };
    const body = await readBody(request);
    if (body === undefined) return { status: 413 };
    const received = { headers: request.headers, body, target: request.url ?? '' };
    let verdict = verifyWebhook({ ...received, auraKeys: await keys.current() });
    if (!verdict.valid) verdict = verifyWebhook({ ...received, auraKeys: await keys.renewed() });
    if (!verdict.valid) return { status: 401, body: { error: verdict.reason } };
    return once(handled, verdict.id, () => dispatch(options, JSON.parse(body) as Message));
  }

  return (request, response) => {
    receive(request)
      .catch((error: unknown): Reply => {
        options.onError?.(error);
        return { status: 500 };
      })
      .then((reply) => answer(response, reply))
      .catch((error: unknown) => options.onError?.(error));
  };
}

type Message =
  | BeaconWebhook
  | ScoutWebhook
  | { event_type: 'order_confirmation'; event_id: string; payload: OrderConfirmation };

async function dispatch(options: WebhookOptions, message: Message): Promise<Reply> {
  const { onOfferRequest, onOrderConfirmation, onEvent } = options;
  switch (message.event_type) {
    case 'order_confirmation': {
      const { payload } = message;
      const order = await onOrderConfirmation?.(payload);
      return { status: 200, body: order ?? { confirmed: true } };
    }
    case 'offer_request':
      return inTime(options, async () => onOfferRequest?.(message.payload as unknown as OfferRequest));
    default:
      return inTime(options, async () => onEvent?.(message));
  }
}

/** 200 once it is done, 202 where it takes longer; what fails after that is told to nobody but `onError`. */
async function inTime(
  { answerWithinMs = ANSWER_WITHIN_MS, onError }: WebhookOptions,
  work: () => Promise<unknown>,
): Promise<Reply> {
  let isLate = false;
  const done = work().then(
    (): Reply => ({ status: 200 }),
    (error: unknown): Reply => {
      if (!isLate) throw error;
      onError?.(error);
      return { status: 500 };
    },
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Reply>((resolve) => {
    timer = setTimeout(() => {
      isLate = true;
      resolve({ status: 202 });
    }, answerWithinMs);
  });
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** An event that comes again shares the answer of the first time, unless that failed. */
function once(handled: Map<string, Promise<Reply>>, id: string, work: () => Promise<Reply>): Promise<Reply> {
  const known = handled.get(id);
  if (known) return known;
  const reply = work();
  handled.set(id, reply);
  reply.catch(() => handled.delete(id));
  const [oldest] = handled.keys();
  if (handled.size > REMEMBERED_MAX && oldest !== undefined) handled.delete(oldest);
  return reply;
}

/** Undefined where it is too large. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const slow = setTimeout(() => request.destroy(new Error('the body did not come in time')), BODY_WITHIN_MS);
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > BODY_MAX_BYTES) return undefined;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } finally {
    clearTimeout(slow);
  }
}

function answer(response: ServerResponse, { status, body }: Reply): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body ?? {}));
}
