/** A plain HTTP answer on a connection that was to become a WebSocket. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AuraError } from '../../domain/errors';

const RETRY_AFTER_SECONDS = 5;

export function refuse(
  socket: Duplex,
  { error, requestId, publicUrl }: { error: AuraError; requestId: string; publicUrl: string },
): void {
  const body = JSON.stringify({
    error: {
      code: error.code,
      message: error.message,
      details: error.details,
      request_id: requestId,
      documentation_url: `${publicUrl}/errors/${error.code}`,
    },
  });
  const headers = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    `X-Request-ID: ${requestId}`,
    ...(error.status === 429 || error.status === 503 ? [`Retry-After: ${RETRY_AFTER_SECONDS}`] : []),
    'Connection: close',
  ];
  socket.end(`${headers.join('\r\n')}\r\n\r\n${body}`);
}
