/** The HTTP server, with bounds on what a client may take: time for its headers and body, connections, and idleness. */
import { createServer, type Server } from 'node:http';

export interface HttpLimits {
  /** From the connection, or the request's first byte, to the end of its headers. */
  headersTimeoutMs: number;
  /** To the end of its body. Answers, such as those of long polls, may take longer. */
  requestTimeoutMs: number;
  /** How long a connection may wait for its next request. */
  keepAliveTimeoutMs: number;
  /** How often the first two are looked at: so much longer a slow client may stay. */
  checkEveryMs: number;
  /** Of one request, bytes and number. */
  headersMaxBytes: number;
  headersMax: number;
  /** More connections than this are closed at once; WebSockets count among them. */
  connectionsMax: number;
}

export const HTTP_LIMITS: HttpLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 5_000,
  checkEveryMs: 2_000,
  headersMaxBytes: 16_384,
  headersMax: 200,
  connectionsMax: 20_000,
};

export function createHttpServer(limits: HttpLimits = HTTP_LIMITS): Server {
  const server = createServer({
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: limits.checkEveryMs,
    maxHeaderSize: limits.headersMaxBytes,
  });
  server.maxHeadersCount = limits.headersMax;
  server.maxConnections = limits.connectionsMax;
  return server;
}
