/**
 * A request that offers to upgrade to something else than a WebSocket, as some HTTP clients do for HTTP/2, is answered
 * as the plain request it also is (RFC 9110, 7.8).
 */
import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AuraError } from '../../domain/errors';
import { newId } from '../../domain/ids';
import { refuse } from './refuse';

/** Node gives the connection away with the head, so that one answer is all there can be on it. */
export function asPlainRequest(
  server: Server,
  request: IncomingMessage,
  socket: Duplex,
  publicUrl: string,
): void {
  socket.on('error', () => socket.destroy());
  if (hasBody(request)) {
    const error = new AuraError(
      'INVALID_REQUEST',
      'A request with a body cannot offer an upgrade: leave the Upgrade header out.',
      { field: 'Upgrade', reason: 'not with a body' },
    );
    return refuse(socket, { error, requestId: newId('request'), publicUrl });
  }
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as Socket);
  response.once('finish', () => {
    response.detachSocket(socket as Socket);
    socket.end();
  });
  server.emit('request', request, response);
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
