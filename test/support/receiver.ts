/** A receiver of webhooks in the test process, which keeps what it got and answers as it is told. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';

export interface ReceivedMessage {
  target: string;
  headers: IncomingHttpHeaders;
  body: string;
  json: Record<string, unknown> & { event_id: string; event_type: string; payload: Record<string, unknown> };
}

type Reply = (message: ReceivedMessage, response: ServerResponse) => void;
const ok: Reply = (_message, response) => response.writeHead(200).end();

export interface Receiver {
  url: string;
  received: ReceivedMessage[];
  /** Answers from now on; with 200 by default. */
  answers(reply?: Reply): void;
  /** The first message that fits, as soon as it is there. */
  until(fits: (message: ReceivedMessage) => boolean, timeoutMs?: number): Promise<ReceivedMessage>;
  named(name: string): ReceivedMessage[];
  close(): Promise<void>;
}

export async function aReceiver(): Promise<Receiver> {
  const received: ReceivedMessage[] = [];
  let reply = ok;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const json = JSON.parse(body) as ReceivedMessage['json'];
      const message = { target: request.url ?? '', headers: request.headers, body, json };
      if (json.event_type === 'order_confirmation') return ok(message, response);
      received.push(message);
      reply(message, response);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/aura/hook?shop=1`,
    received,
    answers: (next = ok) => void (reply = next),
    async until(fits, timeoutMs = 15_000) {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const found = received.find(fits);
        if (found) return found;
        if (Date.now() > deadline)
          throw new Error(`not received; there is ${received.map(({ json }) => json.event_type).join(', ')}`);
        await setTimeout(20);
      }
    },
    named: (name) => received.filter(({ json }) => json.event_type === name),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
