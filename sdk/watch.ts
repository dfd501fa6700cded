/** A session's events over WebSocket, through every break of the connection without a gap and without a repetition. */
import { on } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { WebSocket, type RawData } from 'ws';
import type { ApiVersion } from '../domain/versions';
import { learnTime } from './clock';
import type { Credentials } from './credentials';
import { AuraApiError, errorFrom } from './errors';
import type { HttpOptions } from './http';
import { backoffMs, DEFAULT_ATTEMPTS, isRetryable, pause, retryAfterMs } from './retry';

export interface WatchOptions {
  /** The last message that was seen; from the present on without. */
  lastEventId?: string;
  /** Ends the iteration. */
  signal?: AbortSignal;
}

export interface Watched extends WatchOptions {
  http: HttpOptions;
  credentials: Credentials;
  version: ApiVersion;
  sessionId: string;
}

/** Everything of the session was said. */
const ENDED = 1000;
const HANDSHAKE_TIMEOUT_MS = 15_000;
/** AURA pings every 20 seconds; a connection that is silent for longer is gone. */
const SILENCE_MS = 60_000;
/** A connection that held this long was not in vain, even if nothing happened. */
const LASTING_MS = 30_000;
/** Messages that may wait for a slow reader before the connection is told to wait. */
const WAITING_MAX = 256;
const REFUSAL_MAX_BYTES = 65_536;

/**
 * Ends with the session. Connects again behind the last message it gave out; after as many vain attempts in a row as
 * requests have it throws the last one's cause, and at once for a refusal that no attempt can change.
 */
export async function* watchSession<Message extends { event_id: string }>(
  watched: Watched,
): AsyncGenerator<Message, void> {
  const { http, signal } = watched;
  let { lastEventId } = watched;
  for (let inVain = 0; !signal?.aborted; inVain++) {
    const connection = { startedAt: Date.now(), code: 0 };
    let failure: unknown;
    try {
      for await (const message of follow<Message>({ ...watched, lastEventId }, connection)) {
        inVain = 0;
        if (message.event_id === lastEventId) continue;
        lastEventId = message.event_id;
        yield message;
      }
      if (connection.code === ENDED) return;
      failure = new Error(`the WebSocket of ${watched.sessionId} was closed with ${connection.code}`);
    } catch (error) {
      failure = error;
    }
    if (signal?.aborted) return;
    if (Date.now() - connection.startedAt > LASTING_MS) inVain = 0;
    const refusal = failure instanceof AuraApiError ? failure : undefined;
    const isFinal =
      refusal !== undefined && !isRetryable(refusal.status) && !learnTime(http.baseUrl, refusal);
    if (isFinal || inVain + 1 >= (http.attempts ?? DEFAULT_ATTEMPTS)) throw failure;
    await pause(refusal?.retryAfterMs ?? backoffMs(inVain), signal).catch(() => signal?.aborted);
  }
}

/** One connection's messages, until it closes. */
async function* follow<Message>(
  watched: Watched,
  connection: { code: number },
): AsyncGenerator<Message, void> {
  const socket = await connect(watched);
  let refusal: AuraApiError | undefined;
  socket.once('unexpected-response', (_request, response: IncomingMessage) => {
    void readRefusal(response).then((error) => {
      refusal = error;
      socket.terminate();
    });
  });
  socket.once('close', (code) => (connection.code = code));
  const endSilence = watchForSilence(socket);
  try {
    const messages = on(socket, 'message', {
      close: ['close'],
      signal: watched.signal,
      highWaterMark: WAITING_MAX,
      lowWaterMark: 1,
    });
    for await (const [data] of messages as AsyncIterable<[RawData]>) {
      yield JSON.parse((data as Buffer).toString('utf8')) as Message;
    }
  } catch (error) {
    throw refusal ?? error;
  } finally {
    endSilence();
    // What the socket says from here on is nobody's business any more.
    socket.on('error', () => undefined);
    socket.terminate();
  }
}

async function connect({ http, credentials, version, sessionId, lastEventId }: Watched): Promise<WebSocket> {
  const { baseUrl } = http;
  const query = lastEventId === undefined ? '' : `?last_event_id=${encodeURIComponent(lastEventId)}`;
  const target = `/ws/sessions/${sessionId}${query}`;
  const request = { baseUrl, method: 'GET', target, body: '' };
  const headers = await (credentials.upgradeHeaders?.(request) ?? credentials.headers(request));
  return new WebSocket(baseUrl.replace(/^http/, 'ws') + target, {
    headers: { ...headers, 'aura-version': version },
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    perMessageDeflate: false,
  });
}

/** Ends a connection that neither closes nor says anything; returns what stops the watch. */
function watchForSilence(socket: WebSocket): () => void {
  let timer = setTimeout(() => socket.terminate(), SILENCE_MS);
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => socket.terminate(), SILENCE_MS);
  };
  socket.on('ping', heard);
  socket.on('message', heard);
  return () => {
    socket.off('ping', heard);
    socket.off('message', heard);
    clearTimeout(timer);
  };
}

async function readRefusal(response: IncomingMessage): Promise<AuraApiError> {
  const { statusCode: status = 0, statusMessage: statusText = '', headers } = response;
  let text = '';
  try {
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
      text += chunk;
      if (text.length > REFUSAL_MAX_BYTES) break;
    }
  } catch {
    // The status says enough.
  }
  const askedMs = retryAfterMs(headers['retry-after'] ?? null);
  return errorFrom({ status, statusText, retryAfterMs: askedMs }, text);
}
