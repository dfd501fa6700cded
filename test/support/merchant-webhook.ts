/** A merchant's webhook in the test process: it keeps what it was sent and answers as it is told. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { textOf, type Json } from './agent-request';

export interface Received {
  target: string;
  headers: IncomingHttpHeaders;
  body: string;
  json: Json;
}

type Answer = (question: Received, response: ServerResponse) => unknown;

export interface MerchantWebhook {
  url: string;
  /** Questions about orders, oldest first. */
  questions: Received[];
  /** Everything else. */
  messages: Received[];
  /** Most questions that were open at once. */
  mostAtOnce(): number;
  /** How it answers from now on; 200 without a body by default. */
  answers(answer: Answer): void;
  reset(): void;
  close(): Promise<void>;
}

export const says =
  (status: number, body?: unknown): Answer =>
  (_question, response) =>
    response.writeHead(status).end(typeof body === 'string' ? body : body && JSON.stringify(body));

export async function merchantWebhook(): Promise<MerchantWebhook> {
  const questions: Received[] = [];
  const messages: Received[] = [];
  let open = 0;
  let most = 0;
  let answer: Answer = says(200);
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const received = {
        target: request.url ?? '',
        headers: request.headers,
        body,
        json: JSON.parse(body) as Json,
      };
      if (textOf(received.json.event_type) !== 'order_confirmation') {
        messages.push(received);
        response.writeHead(200).end();
        return;
      }
      questions.push(received);
      most = Math.max(most, ++open);
      response.once('close', () => open--);
      answer(received, response);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/aura/webhook?shop=1`,
    questions,
    messages,
    mostAtOnce: () => most,
    answers: (next) => void (answer = next),
    reset() {
      questions.length = 0;
      messages.length = 0;
      most = 0;
      answer = says(200);
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
