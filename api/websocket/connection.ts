/** One client's WebSocket: kept alive by pings, bounded in what it may leave unread, deaf to what it says. */
import { WebSocket } from 'ws';
import type { SessionMessage } from '../schemas/websocket';

export interface ConnectionLimits {
  pingEveryMs: number;
  /** Then the client has to come back and say again who it is: its key may have been revoked. */
  lifetimeMs: number;
  /** Bytes that may wait for a client that does not read. */
  bufferedMaxBytes: number;
}

export const CLOSE = {
  /** The session has ended, and everything was said. */
  ended: 1000,
  /** The server stops, or the connection has lasted long enough; come back with the last event id. */
  goingAway: 1001,
  failed: 1011,
  /** The client reads too slowly; come back with the last event id. */
  tooSlow: 1013,
} as const;

const CLOSE_GRACE_MS = 2_000;

export interface Connection {
  /** False when the client takes no more. */
  send(message: SessionMessage): boolean;
  /** Aborts when the client has gone or is sent away. */
  readonly signal: AbortSignal;
  close(code: number, reason: string): void;
}

export function openConnection(socket: WebSocket, limits: ConnectionLimits): Connection {
  const gone = new AbortController();
  let isAlive = true;
  const pulse = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, limits.pingEveryMs);
  pulse.unref();
  const end = setTimeout(() => close(CLOSE.goingAway, 'come back with the last event id'), limits.lifetimeMs);
  end.unref();
  socket.on('pong', () => (isAlive = true));
  // A frame that is too large or malformed closes the socket, which is all there is to do about it.
  socket.on('error', () => undefined);
  socket.once('close', () => {
    clearInterval(pulse);
    clearTimeout(end);
    gone.abort();
  });

  function close(code: number, reason: string): void {
    gone.abort();
    socket.close(code, reason);
    setTimeout(() => socket.terminate(), CLOSE_GRACE_MS).unref();
  }

  return {
    signal: gone.signal,
    send(message) {
      if (socket.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(message), () => undefined);
      if (socket.bufferedAmount <= limits.bufferedMaxBytes) return true;
      close(CLOSE.tooSlow, 'too slow');
      return false;
    },
    close,
  };
}
