/** Sends one signed webhook: to a public address, once, bounded in time and size. Redirects are not followed. */
import type { Logger } from 'pino';
import { Agent, errors, request, type Dispatcher } from 'undici';
import type { Signer } from '../../domain/keys';
import { retryAfterMs } from '../../domain/notifications';
import { webhookHeaders } from '../../domain/webhook-signature';
import { publicLookup, RefusedAddressError, refusedUrl } from './addresses';

const TIMEOUT_MS = 5_000;
const ANSWER_MAX_BYTES = 64 * 1_024;
const HEADERS_MAX_BYTES = 16 * 1_024;
const CONNECTIONS_PER_HOST = 8;
const IDLE_CONNECTION_MS = 10_000;

export interface WebhookSender {
  /** `id` is the event's; it stays the same when a message is sent again. `timeoutMs` bounds the whole exchange. */
  post(input: {
    url: string;
    id: string;
    body: string;
    /** 5,000 by default. */
    timeoutMs?: number;
  }): Promise<WebhookReply>;
  close(): Promise<void>;
}

export type WebhookReply =
  /** `retryAfterMs`: how long it asked to be left alone, where it did. */
  | { kind: 'answered'; status: number; body: string; retryAfterMs?: number }
  | { kind: 'unreachable'; reason: string }
  | { kind: 'timeout' }
  /** Not sent for where it leads, or an answer that is not read on: a redirect, or more than 64 KiB. */
  | { kind: 'refused'; reason: string };

export interface WebhookSenderOptions {
  signer: Signer;
  /** Plain http and private addresses: the sandbox, where agents run on this machine. */
  allowPrivate: boolean;
  log: Logger;
}

export function createWebhookSender({ signer, allowPrivate, log }: WebhookSenderOptions): WebhookSender {
  const dispatcher = new Agent({
    connect: { timeout: TIMEOUT_MS, ...(!allowPrivate && { lookup: publicLookup() }) },
    connections: CONNECTIONS_PER_HOST,
    pipelining: 1,
    maxHeaderSize: HEADERS_MAX_BYTES,
    keepAliveTimeout: IDLE_CONNECTION_MS,
    keepAliveMaxTimeout: IDLE_CONNECTION_MS,
  });
  return {
    async post({ url, id, body, timeoutMs = TIMEOUT_MS }) {
      const refusal = refusedUrl(url, allowPrivate);
      if (refusal !== undefined) return { kind: 'refused', reason: refusal };
      const { origin, pathname, search, host } = new URL(url);
      const target = `${pathname}${search}`;
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        const answer = await request(`${origin}${target}`, {
          dispatcher,
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'user-agent': 'AURA-Webhooks/1.0',
            ...webhookHeaders(signer, { id, target, body }, new Date()),
          },
          body,
          signal,
        });
        return await read(answer);
      } catch (error) {
        if (signal.aborted) return { kind: 'timeout' };
        const reply = failure(error);
        log.debug({ webhookId: id, host, reply }, 'webhook');
        return reply;
      }
    },
    // What is still under way is sent again by whoever finds its lease ended.
    close: () => dispatcher.destroy(),
  };
}

async function read({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<WebhookReply> {
  if (statusCode >= 300 && statusCode < 400) {
    discard(body);
    return { kind: 'refused', reason: `answered ${statusCode}; redirects are not followed` };
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_MAX_BYTES)
      return { kind: 'refused', reason: `the answer is larger than ${ANSWER_MAX_BYTES} bytes` };
    chunks.push(chunk);
  }
  const answer = { status: statusCode, body: Buffer.concat(chunks).toString('utf8') };
  const { 'retry-after': asked } = headers;
  if (typeof asked !== 'string') return { kind: 'answered', ...answer };
  return { kind: 'answered', ...answer, retryAfterMs: retryAfterMs(asked, new Date()) };
}

/** Closes the connection instead of reading on; the error that this makes says nothing new. */
function discard(body: Dispatcher.ResponseData['body']): void {
  body.on('error', () => undefined).destroy();
}

function failure(error: unknown): WebhookReply {
  const causes = causesOf(error);
  const refused = causes.find((cause) => cause instanceof RefusedAddressError);
  if (refused) return { kind: 'refused', reason: refused.message };
  if (causes.some((cause) => cause instanceof errors.ConnectTimeoutError)) return { kind: 'timeout' };
  const code = causes.map((cause) => ('code' in cause ? cause.code : undefined)).find(Boolean);
  return { kind: 'unreachable', reason: typeof code === 'string' ? code : 'no answer' };
}

const CAUSES_MAX = 5;

/** An error and what brought it about; several connections that failed come as a list. */
function causesOf(error: unknown): object[] {
  const causes: object[] = [];
  for (let at = error; typeof at === 'object' && at !== null && causes.length < CAUSES_MAX;) {
    causes.push(at);
    if ('errors' in at && Array.isArray(at.errors))
      causes.push(...at.errors.filter((one): one is object => typeof one === 'object' && one !== null));
    at = 'cause' in at ? at.cause : undefined;
  }
  return causes;
}
