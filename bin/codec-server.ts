/**
 * Opens payloads for the Temporal UI of an operator: its codec endpoint.
 *
 *   AURA_PAYLOAD_KEYS_FILE     AURA's payload keys (or AURA_PAYLOAD_KEYS, AURA_PAYLOAD_KEYS_COMMAND)
 *   AURA_CODEC_TOKEN_FILE      who may: a secret of 32 characters or more
 *   AURA_CODEC_UI              where the UI is, default http://127.0.0.1:8233
 *   PORT, AURA_HOST            default 8081 on 127.0.0.1
 *
 * In the UI, the codec endpoint is `http://127.0.0.1:8081/<token>`; programs may send `Authorization: Bearer <token>` to
 * `/decode` instead. It seals nothing, keeps nothing and logs nothing of what it opens.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { createPayloadSealer, fromJson, toJson, type PayloadSealer } from '../domain/payload-sealing';
import { ConfigError } from './config';
import { keySource } from './key-source';
import { runProcess } from './run-process';

const BODY_MAX_BYTES = 8_000_000;
const TOKEN_LENGTH = 32;
/** As the Temporal UI and its command line ask. */
const ASKED = z.object({
  payloads: z.array(
    z.object({ metadata: z.record(z.string(), z.string()).optional(), data: z.string().optional() }),
  ),
});

void runProcess(async () => {
  const { PORT = '8081', AURA_HOST = '127.0.0.1', AURA_CODEC_UI = 'http://127.0.0.1:8233' } = process.env;
  const token = readToken(process.env.AURA_CODEC_TOKEN_FILE);
  const sealer = createPayloadSealer(keySource(process.env, 'AURA_PAYLOAD_KEYS'));
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 20_000 }, (request, response) => {
    answer(request, response, { token, sealer, ui: AURA_CODEC_UI }).catch(() => {
      // Some of the body may not have been read.
      response.setHeader('connection', 'close');
      end(response, 400);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(Number(PORT), AURA_HOST, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    ready: { url: `http://${AURA_HOST}:${port}` },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
});

interface Rules {
  token: string;
  sealer: PayloadSealer;
  ui: string;
}

async function answer(request: IncomingMessage, response: ServerResponse, rules: Rules): Promise<void> {
  response
    .setHeader('access-control-allow-origin', rules.ui)
    .setHeader('access-control-allow-headers', 'authorization, content-type, x-namespace')
    .setHeader('access-control-allow-methods', 'POST')
    .setHeader('cache-control', 'no-store')
    .setHeader('vary', 'origin');
  if (request.method === 'OPTIONS') return end(response, 204);
  const [, inPath = ''] = /^\/([^/?]+)\/decode$/.exec(request.url ?? '') ?? [];
  const [, inHeader = ''] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (!inPath && request.url !== '/decode') return end(response, 404);
  if (request.method !== 'POST') return end(response, 405);
  if (!same(inHeader || inPath, rules.token)) return end(response, 401);
  const { payloads } = ASKED.parse(JSON.parse(await bodyOf(request)));
  const opened = payloads.map((payload) => toJson(rules.sealer.open(fromJson(payload))));
  response.setHeader('content-type', 'application/json');
  end(response, 200, JSON.stringify({ payloads: opened }));
}

function end(response: ServerResponse, status: number, body = ''): void {
  response.statusCode = status;
  response.end(body);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_MAX_BYTES) throw new Error('too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

const digest = (text: string) => createHash('sha256').update(text).digest();
const same = (one: string, other: string) => timingSafeEqual(digest(one), digest(other));

function readToken(path: string | undefined): string {
  if (path === undefined)
    throw new ConfigError('AURA_CODEC_TOKEN_FILE is not set: it says who may read payloads');
  const token = readFileSync(path, 'utf8').trim();
  if (token.length >= TOKEN_LENGTH && /^[\w.~-]+$/.test(token)) return token;
  throw new ConfigError(`AURA_CODEC_TOKEN_FILE holds no token: ${TOKEN_LENGTH} letters and digits or more`);
}
