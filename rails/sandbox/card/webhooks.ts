/** Tells the client's webhook address of events, at least once, with retries, as badly as was asked for. */
import { request } from 'undici';
import type { SignedCardEvent } from '../../card/wire';
import {
  signWebhook,
  WEBHOOK_ID_HEADER,
  WEBHOOK_SIGNATURE_HEADER,
  WEBHOOK_TIMESTAMP_HEADER,
} from '../../card/webhook-signature';
import type { CardMisbehaviourKind } from './misbehaviour';
import type { Processor } from './processor';

/** Waits before the next attempt. After the last the event is in the log only. */
const RETRY_AFTER_MS = [250, 1_000, 5_000, 30_000, 120_000] as const;
const TIMEOUT_MS = 5_000;
/** Beyond this many on their way, further events are in the log only. */
const MAX_UNDERWAY = 1_000;
/** How many of the events that were not delivered before a restart are sent after it. */
const MAX_RESUMED = 100;

export interface Webhooks {
  /** Sends the first so many events of the log, but for those that it has sent. */
  pump(events: number): void;
  close(): Promise<void>;
}

interface Sender {
  processor: Processor;
  secret: string;
  closing: AbortController;
  underway: Set<Promise<void>>;
  /** Waits for the next event to overtake it. */
  held: (() => void) | undefined;
}

export function createWebhooks(processor: Processor, secret: string): Webhooks {
  const sender: Sender = {
    processor,
    secret,
    closing: new AbortController(),
    underway: new Set(),
    held: undefined,
  };
  const { events, delivered } = processor.state;
  const missed = events.slice(-MAX_RESUMED).findIndex(({ id }) => !delivered.has(id));
  let next = missed === -1 ? events.length : Math.max(0, events.length - MAX_RESUMED) + missed;
  return {
    pump(count) {
      for (; next < count; next += 1) {
        const event = events[next];
        if (event && processor.state.webhookUrl !== null && !delivered.has(event.id)) start(sender, event);
      }
    },
    async close() {
      sender.closing.abort();
      await Promise.all(sender.underway);
    },
  };
}

function start(sender: Sender, event: SignedCardEvent): void {
  if (sender.underway.size >= MAX_UNDERWAY) return;
  const task = tell(sender, event)
    .catch((error: unknown) => {
      if (!sender.closing.signal.aborted) console.error(error);
    })
    .finally(() => sender.underway.delete(task));
  sender.underway.add(task);
}

async function tell(sender: Sender, event: SignedCardEvent): Promise<void> {
  const kind = misbehaviourOf(sender, event);
  if (kind === 'webhook_lost') return;
  const { webhookLateMs } = sender.processor.settings;
  if (kind === 'webhook_late') await pause(sender, webhookLateMs);
  if (kind === 'webhook_out_of_order') await overtaken(sender, webhookLateMs);
  await deliver(sender, event);
  if (kind === 'webhook_twice') await deliver(sender, event);
  sender.held?.();
  sender.held = undefined;
}

function misbehaviourOf({ processor }: Sender, { data }: SignedCardEvent): CardMisbehaviourKind | undefined {
  const { amount_minor: amount, reference } = data;
  return processor.misbehaviour.choose({
    occasion: 'webhook',
    ...(typeof reference === 'string' ? { reference } : {}),
    ...(typeof amount === 'string' ? { amountMinor: BigInt(amount) } : {}),
  });
}

async function deliver(sender: Sender, event: SignedCardEvent): Promise<void> {
  for (const retryAfterMs of RETRY_AFTER_MS) {
    const url = sender.processor.state.webhookUrl;
    if (url === null || sender.closing.signal.aborted) return;
    if (await attempt(sender, url, event)) {
      const { processor } = sender;
      processor.transact(() => processor.record({ put: 'delivered', record: { id: event.id } }));
      return;
    }
    await pause(sender, retryAfterMs);
  }
}

async function attempt(sender: Sender, url: string, event: SignedCardEvent): Promise<boolean> {
  const payload = JSON.stringify(event);
  const timestamp = Math.floor(Date.now() / 1_000).toString();
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        [WEBHOOK_ID_HEADER]: event.id,
        [WEBHOOK_TIMESTAMP_HEADER]: timestamp,
        [WEBHOOK_SIGNATURE_HEADER]: signWebhook(sender.secret, { id: event.id, timestamp, payload }),
      },
      body: payload,
      signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), sender.closing.signal]),
    });
    await answer.body.dump();
    return answer.statusCode >= 200 && answer.statusCode < 300;
  } catch {
    return false;
  }
}

/** Until another webhook was delivered, or for a while. */
async function overtaken(sender: Sender, ms: number): Promise<void> {
  const next = new Promise<void>((resolve) => {
    sender.held?.();
    sender.held = resolve;
  });
  await Promise.race([next, pause(sender, ms)]);
}

function pause({ closing: { signal } }: Sender, ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
