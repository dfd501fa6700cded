/** A server that treats each request as it is told, and keeps what it was sent. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  method: string;
  target: string;
  headers: IncomingHttpHeaders;
  body: string;
  at: number;
}

export type Treatment = (response: ServerResponse, request: SeenRequest) => void;

export const answers =
  (status: number, body: unknown = {}, headers: Record<string, string> = {}): Treatment =>
  (response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify(body));

/** The work is done, and its answer lost. */
export const resets: Treatment = (response) => void response.socket?.resetAndDestroy();
export const breaksOff: Treatment = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
  response.write('{"done":', () => response.socket?.resetAndDestroy());
};
export const keepsSilent: Treatment = () => undefined;

export interface UnrulyServer {
  baseUrl: string;
  seen: SeenRequest[];
  /** What happens to the next requests, in turn; the last goes on for all others. */
  next(...treatments: [Treatment, ...Treatment[]]): void;
  close(): Promise<void>;
}

export async function unrulyServer(): Promise<UnrulyServer> {
  const seen: SeenRequest[] = [];
  let queue: Treatment[] = [answers(200)];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: target = '', headers } = request;
      const one = { method, target, headers, body: Buffer.concat(chunks).toString('utf8'), at: Date.now() };
      seen.push(one);
      const [treat] = queue.length > 1 ? queue.splice(0, 1) : queue;
      treat?.(response, one);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    next(...treatments) {
      seen.length = 0;
      queue = treatments;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
