/** `/ws/sessions/:session_id`, protocol 1.0.0: a session's events as they happen, resumable by the last event's id. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { AuraError } from '../../domain/errors';
import { newId } from '../../domain/ids';
import type { ApiDeps } from '../deps';
import { admit, type Admitted } from './admit';
import { CLOSE, openConnection, type Connection, type ConnectionLimits } from './connection';
import { countFailure, countUpgrade } from './limits';
import { asPlainRequest } from './plain-request';
import { refuse } from './refuse';
import { stream } from './stream';
import { createSeats, type SeatLimits } from './seats';
import { createWakes, type Wakes } from './wakes';

export interface WebSocketLimits extends ConnectionLimits, SeatLimits {
  /** Bytes of one message from a client, none of which says anything to the server. */
  messageMaxBytes: number;
}

export const WEBSOCKET_LIMITS: WebSocketLimits = {
  pingEveryMs: 20_000,
  lifetimeMs: 3_600_000,
  bufferedMaxBytes: 1_048_576,
  connectionsPerAgent: 50,
  connectionsMax: 10_000,
  messageMaxBytes: 1_024,
};

const STOP_WAIT_MS = 2_000;

export interface WebSockets {
  /** Says goodbye to every client. */
  close(): Promise<void>;
}

/** Takes the upgrades of the API's server. */
export function attachWebSockets(server: Server, deps: ApiDeps, limits = WEBSOCKET_LIMITS): WebSockets {
  const { log, config } = deps;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.messageMaxBytes,
    perMessageDeflate: false,
    clientTracking: true,
  });
  const wakes = createWakes(deps);
  const open = new Set<Connection>();
  const seats = createSeats(limits);

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const requestId = newId('request');
    // The query is never logged: it may carry a token.
    const path = (request.url ?? '').replace(/\?.*$/s, '');
    const logged = { request_id: requestId, method: request.method, path };
    socket.on('error', () => socket.destroy());
    let isCounted = false;
    try {
      const asked = {
        url: request.url ?? '',
        headers: request.headers as Record<string, string | undefined>,
      };
      const admitted = await admit(deps, asked, (agent) => {
        isCounted = true;
        return countUpgrade(deps, agent);
      });
      if (socket.destroyed) return;
      socket.once('close', seats.take(admitted.agent.id));
      sockets.handleUpgrade(request, socket, head, (client) => {
        log.info({ ...logged, status: 101 }, 'request');
        serve({ deps, wakes, open }, openConnection(client, limits), admitted);
      });
    } catch (thrown) {
      const refusal = thrown instanceof AuraError ? thrown : new AuraError('INTERNAL_ERROR');
      const error = isCounted ? refusal : await countFailure(deps, request, refusal);
      if (!(thrown instanceof AuraError))
        log.error({ request_id: requestId, err: thrown }, 'unexpected error');
      log.info({ ...logged, status: error.status }, 'request');
      refuse(socket, { error, requestId, publicUrl: config.publicUrl });
    }
  }

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.headers.upgrade?.toLowerCase() === 'websocket') void upgrade(request, socket, head);
    else asPlainRequest(server, request, socket, config.publicUrl);
  };
  server.on('upgrade', onUpgrade);

  return {
    async close() {
      wakes.close();
      const all = [...sockets.clients];
      for (const connection of open) connection.close(CLOSE.goingAway, 'the server stops');
      const closed = Promise.all(
        all.map((client) => new Promise((resolve) => client.once('close', resolve))),
      );
      await Promise.race([closed, setTimeout(STOP_WAIT_MS, undefined, { ref: false })]);
      for (const client of all) client.terminate();
    },
  };
}

interface House {
  deps: ApiDeps;
  wakes: Wakes;
  open: Set<Connection>;
}

/** Streams the session to the client until either has ended. */
function serve(
  { deps: { db, log }, wakes, open }: House,
  connection: Connection,
  { session, version, lastEventId }: Admitted,
): void {
  const follower = wakes.follow(session.id);
  open.add(connection);
  connection.signal.addEventListener('abort', () => follower.leave());
  stream({
    db,
    log,
    follower,
    sessionId: session.id,
    version,
    withReputation: session.asked.preferences.include_reputation_data !== false,
    lastEventId,
    send: (message) => connection.send(message),
    signal: connection.signal,
  })
    .then((end) => end === 'ended' && connection.close(CLOSE.ended, 'the session has ended'))
    .catch((error: unknown) => {
      log.error({ err: error, session_id: session.id }, 'a stream broke off');
      connection.close(CLOSE.failed, 'an unexpected error');
    })
    .finally(() => open.delete(connection));
}
