/** AURA's HTTP API as a rail's adapter uses it. Requests are signed with the rail's key. */
import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { call } from './http.mjs';

const TRIES = 5;
const PAUSE_MS = 300;

export function createAura({ url, rail, signer }) {
  const base = `/v1/rails/${rail}`;
  return {
    claim,
    parties: (instructionId) => request('GET', `${base}/instructions/${instructionId}/parties`),
    mandate: (mandateId) => request('GET', `${base}/mandates/${mandateId}`),
    postLines: (portion) => request('POST', `${base}/statement-lines`, portion),
    noticeCursor: async () => (await request('GET', `${base}/notices/cursor`)).cursor,
    postNotices: (told) => request('POST', `${base}/notices`, told),
    reportHealth: (state) => request('PUT', `${base}/health`, { state }),
  };

  /**
   * Whether this attempt may send. The claimant is made here and kept nowhere, so that an answer that was lost can be
   * asked for again by this attempt and by no other.
   */
  async function claim(instructionId) {
    const claimant = randomUUID();
    try {
      await request('POST', `${base}/transmissions/${instructionId}`, { claimant });
      return true;
    } catch (error) {
      if (error.status !== 409 || error.body?.error?.code !== 'TRANSMISSION_CLAIMED') throw error;
      return error.body.error.details.yours === true;
    }
  }

  /** All of these requests may be repeated: AURA counts what comes twice once. */
  async function request(method, path, body) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await send(method, path, body === undefined ? '' : JSON.stringify(body));
      } catch (error) {
        const final = error.status !== undefined && error.status < 500 && error.status !== 429;
        if (final || attempt === TRIES) throw error;
        await setTimeout(PAUSE_MS * attempt);
      }
    }
  }

  async function send(method, path, body) {
    const timestamp = nextTimestamp();
    const headers = {
      'x-agent-id': signer.keyId,
      'x-timestamp': timestamp,
      'x-signature': signer.sign(`${method}\n${path}\n${timestamp}\n${body}`),
      ...(body && { 'content-type': 'application/json' }),
    };
    const { json } = await call(url + path, { method, headers, body: body || undefined });
    return json;
  }
}

let lastMicros = 0;

/** A signature counts once, so no two requests have the same time: microseconds that always grow. */
function nextTimestamp() {
  lastMicros = Math.max(lastMicros + 1, Date.now() * 1_000);
  const micros = String(lastMicros % 1_000).padStart(3, '0');
  return new Date(Math.floor(lastMicros / 1_000)).toISOString().replace('Z', `${micros}Z`);
}
