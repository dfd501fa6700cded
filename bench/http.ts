/** Requests a second of the API against a bare Koa route with the same bytes, both on the same core. */
import { execFileSync, spawn } from 'node:child_process';
import { createPrivateKey, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import autocannon from 'autocannon';
import { requestSigningBytes } from '../domain/request-signature';
import { newKeyPair, registerPrincipal, Scout, type KeyPair } from '../sdk';
import { testEnvironment, type TestEnvironment } from '../test/support/environment';
import { createMarket, INTENT } from '../test/support/market';
import { absolute, compare, type Bench } from './harness';

const SECONDS = 5;
const CONNECTIONS = 16;
/** Different requests of a run; a signature of reading holds for five minutes. */
const SIGNED = 4_000;
const SERVER_CORE = '1';
const UNLIMITED = 'all=1000000000/60';
/** An Ed25519 secret in PKCS #8 (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

export const http: Bench = {
  name: 'http',
  title: 'Requests over HTTP',
  async run(context) {
    const environment = await testEnvironment({ AURA_RATE_LIMITS: UNLIMITED, AURA_CHECK_ANSWERS: 'false' });
    try {
      const { target, key, agentId } = await aSession(environment);
      const { apiUrl } = environment.platform;
      pin(environment.platform.processes.get('api')?.pid ?? 0);
      const headers = signedHeaders(key, agentId, target);
      const bytes = await (await fetch(apiUrl + target, { headers: headers() })).text();
      const reference = await startReference(bytes);
      try {
        const read = await compare(context, {
          name: 'signed_read',
          title: 'Signed GET of a session',
          unit: 'requests/s',
          reference: 'a bare Koa route with the same bytes, same core',
          reach: { atLeast: 0.5 },
          subject: () => load(apiUrl + target, headers),
          against: () => load(reference.url + target, headers),
        });
        return [read, absolute(await healthMs(apiUrl), HEALTH)];
      } finally {
        reference.stop();
      }
    } finally {
      await environment.stop();
    }
  },
};

const HEALTH = { name: 'healthz_p50', title: '/healthz, one at a time', unit: 'ms', reach: { atMost: 1 } };

async function aSession(environment: TestEnvironment) {
  await createMarket(environment).aSeller();
  const { http: options } = environment;
  const buyer = await registerPrincipal(options, { name: 'Bench buyer' });
  const key = newKeyPair();
  const scout = await Scout.register(options, buyer, { key });
  const { session_id } = await scout.openSession({ intent: INTENT, offerTimeoutSeconds: 120 });
  return { target: `/v1/sessions/${session_id}`, key, agentId: scout.agentId };
}

/** Requests signed beforehand, so that signing takes nothing from the servers' round; each is verified anew. */
function signedHeaders(key: KeyPair, agentId: string, target: string): () => Record<string, string> {
  const der = Buffer.concat([PKCS8_PREFIX, Buffer.from(key.secretKey, 'base64')]);
  const secret = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const signedAt = (ms: number) => {
    const timestamp = new Date(ms).toISOString();
    const bytes = requestSigningBytes({ method: 'GET', target, timestamp, body: '' });
    return {
      'x-agent-id': agentId,
      'x-timestamp': timestamp,
      'x-signature': sign(null, Buffer.from(bytes), secret).toString('base64'),
    };
  };
  const now = Date.now();
  const signed = Array.from({ length: SIGNED }, (_, index) => signedAt(now + index));
  let next = 0;
  return () => signed[next++ % SIGNED] ?? {};
}

async function load(url: string, headers: () => Record<string, string>): Promise<number> {
  const result = await autocannon({
    url,
    connections: CONNECTIONS,
    duration: SECONDS,
    requests: [
      { setupRequest: (request) => ({ ...request, headers: { ...request.headers, ...headers() } }) },
    ],
  });
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${url}: ${result.non2xx} refused, ${result.errors} failed`);
  }
  return result.requests.average;
}

async function healthMs(apiUrl: string): Promise<number[]> {
  const times: number[] = [];
  for (let request = 0; request < 2_000; request++) {
    const started = performance.now();
    await (await fetch(`${apiUrl}/healthz`)).arrayBuffer();
    times.push(performance.now() - started);
  }
  return times;
}

async function startReference(bytes: string): Promise<{ url: string; stop(): void }> {
  const file = join(mkdtempSync(join(tmpdir(), 'aura-bench-')), 'answer.json');
  writeFileSync(file, bytes);
  const child = spawn(process.execPath, ['--import', 'tsx', join(__dirname, 'reference-server.ts'), file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  pin(child.pid ?? 0);
  return { url: `http://127.0.0.1:${port}`, stop: () => void child.stdin.end() };
}

/** Keeps all threads of a process on one core, where the system can. */
function pin(pid: number): void {
  try {
    execFileSync('taskset', ['-a', '-cp', SERVER_CORE, String(pid)], { stdio: 'ignore' });
  } catch {
    // Without taskset both servers share all cores, which is as fair.
  }
}
