/** A request of an agent with every part of it in the test's hands. */
import { requestSigningBytes } from '../../domain/request-signature';
import type { Beacon, KeyPair, Scout } from '../../sdk';

/** Parsed JSON, to be looked into; what is not there is `undefined` when it is reached. */
export interface Json {
  [field: string]: Json | undefined;
}

export interface Answered {
  status: number;
  json: Json;
}

let lastMicros = 0;

/** Signed anew for every call, so that a retry is never taken for a replay. */
export async function signedRequest(
  baseUrl: string,
  agent: Scout | Beacon,
  [method, path, body]: readonly [method: string, path: string, body?: unknown],
  headers: Readonly<Record<string, string>> = {},
): Promise<Answered> {
  const text = body === undefined ? '' : JSON.stringify(body);
  lastMicros = Math.max(lastMicros + 1, Date.now() * 1_000);
  const micros = String(lastMicros % 1_000).padStart(3, '0');
  const timestamp = new Date(Math.floor(lastMicros / 1_000)).toISOString().replace('Z', `${micros}Z`);
  const { key } = agent as unknown as { key: KeyPair };
  const response = await fetch(baseUrl + path, {
    method,
    headers: {
      ...(text && { 'content-type': 'application/json' }),
      'x-agent-id': agent.agentId,
      'x-timestamp': timestamp,
      'x-signature': key.sign(requestSigningBytes({ method, target: path, timestamp, body: text })),
      ...headers,
    },
    body: text || undefined,
  });
  return { status: response.status, json: JSON.parse((await response.text()) || 'null') as Json };
}

/** A text in an answer, as it is; an empty one where there is none. */
export function textOf(json: Json | undefined): string {
  return typeof json === 'string' ? json : '';
}
