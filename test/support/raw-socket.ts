/** Bytes on a connection, as no HTTP client would send them, and what comes back. */
import { connect, type Socket } from 'node:net';

export interface Exchange {
  /** Everything that came back, latin1, so that a byte is a character. */
  text: string;
  /** Statuses of the answers in it, in order. */
  statuses: number[];
  /** Whether the server hung up. */
  closed: boolean;
  ms: number;
}

const WAIT_MS = 3_000;

export function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Sends and reads until the server hangs up, or so many answers are there, or the time is over. */
export async function exchange(
  url: string,
  bytes: string | Buffer,
  { answers = 1, waitMs = WAIT_MS }: { answers?: number; waitMs?: number } = {},
): Promise<Exchange> {
  const socket = await open(url);
  const startedAt = Date.now();
  let text = '';
  let closed = false;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, waitMs);
    const end = () => {
      closed = true;
      clearTimeout(timer);
      resolve();
    };
    socket.on('error', end).on('close', end);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (statusesOf(text).length < answers || !isWhole(text)) return;
      clearTimeout(timer);
      resolve();
    });
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  });
  socket.destroy();
  return { text, statuses: statusesOf(text), closed, ms: Date.now() - startedAt };
}

const statusesOf = (text: string) =>
  [...text.matchAll(/(?:^|\r\n|\})HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));

/** Whether the last answer has come in full. */
function isWhole(text: string): boolean {
  const last = text.slice(text.lastIndexOf('HTTP/1.1 '));
  const end = last.indexOf('\r\n\r\n');
  const [, length = '0'] = /\r\ncontent-length: (\d+)\r\n/i.exec(last) ?? [];
  return end >= 0 && last.length - end - 4 >= Number(length);
}

/** A request's bytes; `lines` go among its headers as they stand. */
export function requestBytes(
  start: string,
  { lines = [], body = '' }: { lines?: readonly string[]; body?: string } = {},
): string {
  return [start, 'Host: aura.example.com', ...lines, '', body].join('\r\n');
}
