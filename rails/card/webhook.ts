/**
 * Takes the processor's webhooks. They are only a hint that there is something to read: nothing of their content is
 * used, so a lost, late, doubled or reordered one changes nothing.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  WEBHOOK_ID_HEADER,
  WEBHOOK_SIGNATURE_HEADER,
  WEBHOOK_TIMESTAMP_HEADER,
  WEBHOOK_TOLERANCE_MS,
  webhookDefect,
} from './webhook-signature';

export interface WebhookReceiverDeps {
  /** `whsec_…`, shared with the processor. */
  secret: string;
  host: string;
  /** 0 for any free port. */
  port: number;
  /** `/webhooks/card` by default. */
  path?: string;
  clock: () => Date;
  /** How old, or how far ahead, a webhook may be; 5 minutes by default. */
  toleranceMs?: number;
  /** Reads the processor's events. Never runs twice at once; what arrives meanwhile leads to one more run. */
  onEvent: () => Promise<void>;
  /** Hears of a failed `onEvent`. The processor is not told: reading is repeated on a schedule anyway. */
  onError?: (error: unknown) => void;
}

export interface WebhookReceiver {
  url: string;
  /** Waits for a run under way. */
  close(): Promise<void>;
}

const DEFAULT_PATH = '/webhooks/card';
const MAX_BODY_BYTES = 64 * 1024;
const MAX_DISCARDED_BYTES = 1024 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;

export async function createWebhookReceiver(deps: WebhookReceiverDeps): Promise<WebhookReceiver> {
  const path = deps.path ?? DEFAULT_PATH;
  const runs = coalesce(deps.onEvent, deps.onError);
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS });
  server.on('request', (request, response) => {
    receive({ ...deps, path }, request).then(
      (status) => {
        if (status === 204) runs.start();
        reply(response, status);
      },
      () => response.destroy(),
    );
  });
  await listen(server, deps);
  return {
    url: `http://${deps.host}:${(server.address() as AddressInfo).port}${path}`,
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await runs.idle();
    },
  };
}

async function receive(
  deps: WebhookReceiverDeps & { path: string },
  request: IncomingMessage,
): Promise<number> {
  if (new URL(request.url ?? '/', 'http://receiver').pathname !== deps.path) return 404;
  if (request.method !== 'POST') return 405;
  const payload = await readBounded(request);
  if (payload === undefined) return 413;
  const id = request.headers[WEBHOOK_ID_HEADER];
  const timestamp = request.headers[WEBHOOK_TIMESTAMP_HEADER];
  const signature = request.headers[WEBHOOK_SIGNATURE_HEADER];
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signature !== 'string') return 401;
  const tolerance = deps.toleranceMs ?? WEBHOOK_TOLERANCE_MS;
  const defect = webhookDefect(
    deps.secret,
    { id, timestamp, signature, payload: payload.toString('utf8') },
    deps.clock(),
    tolerance,
  );
  if (defect === undefined) return 204;
  return defect === 'unsigned' ? 401 : 400;
}

/**
 * Undefined when it is too large. A little too much is read to its end, so that the sender hears the answer; a sender
 * of far more loses the connection.
 */
async function readBounded(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_DISCARDED_BYTES) return undefined;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return bytes > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks);
}

function reply(response: ServerResponse, status: number): void {
  if (response.destroyed) return;
  response.writeHead(status).end();
}

/** One run at a time, and at most one waiting. */
function coalesce(run: () => Promise<void>, onError: (error: unknown) => void = () => undefined) {
  let running: Promise<void> | undefined;
  let again = false;
  const loop = async () => {
    do {
      again = false;
      await run().catch(onError);
    } while (again);
    running = undefined;
  };
  return {
    start() {
      again = true;
      running ??= Promise.resolve().then(loop);
    },
    idle: () => running ?? Promise.resolve(),
  };
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
