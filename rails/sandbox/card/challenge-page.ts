/** The page that the cardholder's bank would show: confirm or refuse. Programs post to the same address instead. */
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { completeChallenge } from './agreements';
import { found, Refusal, type Processor } from './processor';
import type { Challenge } from './state';
import { readBody } from './request';

const completion = z.object({ outcome: z.enum(['succeeded', 'failed']).default('succeeded') });

/** What a form or a JSON body says. */
export function parseCompletion(contentType: string, text: string): unknown {
  if (contentType.startsWith('application/x-www-form-urlencoded'))
    return Object.fromEntries(new URLSearchParams(text));
  if (text === '') return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Refusal(400, 'invalid_request', 'neither a form nor JSON');
  }
}

/** `POST` decides, everything else shows how it is. */
export function onChallenge(
  processor: Processor,
  { method, id, body }: { method: string; id: string; body: unknown },
): Challenge {
  const challenge = found(processor.state.challenges.get(id), 'challenge');
  if (method !== 'POST') return challenge;
  const { outcome } = readBody(completion, body);
  return processor.transact(() => completeChallenge(processor, id, outcome));
}

export function sendChallenge(
  processor: Processor,
  challenge: Challenge,
  response: ServerResponse,
  html: boolean,
): void {
  const expired = challenge.outcome === null && challenge.expires_at <= processor.now();
  const status = expired ? 'expired' : (challenge.outcome ?? 'open');
  const text = html
    ? pageOf(status)
    : JSON.stringify({ object: 'challenge', status, expires_at: challenge.expires_at });
  response.writeHead(200, {
    'content-type': html ? 'text/html; charset=utf-8' : 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'content-security-policy': "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
  });
  response.end(text);
}

function pageOf(status: 'open' | 'expired' | 'succeeded' | 'failed'): string {
  const words = {
    open: 'Your bank asks you to confirm this card.',
    expired: 'This request has expired.',
    succeeded: 'Confirmed. You can close this page.',
    failed: 'Refused. You can close this page.',
  };
  const form =
    status === 'open'
      ? '<form method="post"><button name="outcome" value="succeeded">Confirm</button> ' +
        '<button name="outcome" value="failed">Refuse</button></form>'
      : '';
  return (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
    `<title>3-D Secure (sandbox)</title><h1>3-D Secure</h1><p>${words[status]}</p>${form}</html>`
  );
}
