/** Where AURA's webhooks arrive: it notes what it took, and for a while behaves as badly as receivers do. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientLog } from './log';

/** `take_and_cut`: it has the message and the sender will not know, so that it comes again. */
export type Behaviour = 'well' | 'fail' | 'hang' | 'take_and_cut';

export interface Receivers {
  urlFor(agentId: string): string;
  behave(behaviour: Behaviour): void;
  close(): Promise<void>;
}

interface Message {
  event_id?: string;
  event_type?: string;
  payload?: Record<string, unknown>;
}

/** Longer than AURA waits. */
const HANG_MS = 6_500;

export async function openReceivers(log: ClientLog): Promise<Receivers> {
  let behaviour: Behaviour = 'well';
  const server = createServer((request, response) => {
    receive(request, response, log, () => behaviour).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    urlFor: (agentId) => `http://127.0.0.1:${port}/${agentId}`,
    behave: (next) => void (behaviour = next),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const idIn = (value: unknown) => (typeof value === 'string' ? value : null);

async function receive(
  request: IncomingMessage,
  response: ServerResponse,
  log: ClientLog,
  behaviour: () => Behaviour,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const message = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Message;
  const { event_id: eventId = '', event_type: name = '', payload = {} } = message;
  // Whether an order can be had is a question, not news: it is answered.
  if (name === 'order_confirmation') return void response.writeHead(200).end();
  const now = behaviour();
  const note = (taken: boolean) =>
    log.write({
      what: 'webhook',
      agentId: (request.url ?? '').slice(1),
      eventId,
      name,
      sessionId: idIn(payload.session_id),
      transactionId: idIn(payload.transaction_id),
      taken,
    });
  if (now === 'fail') {
    note(false);
    return void response.writeHead(500).end();
  }
  if (now === 'hang') {
    note(false);
    await sleep(HANG_MS);
    return void response.destroy();
  }
  note(true);
  if (now === 'take_and_cut') return void response.destroy();
  response.writeHead(200).end();
}
