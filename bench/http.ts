/** Requests a second of the API against a bare Koa route with the same bytes, both on the same core. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import autocannon from 'autocannon';
import { requestSigningBytes } from '../domain/request-signature';
import { Beacon, newKeyPair, registerPrincipal, Scout, type KeyPair } from '../sdk';
import { testEnvironment, type TestEnvironment } from '../test/support/environment';
import { absolute, compare, type Bench } from './harness';

const SECONDS = 5;
const CONNECTIONS = 16;
const SERVER_CORE = '1';
const CATEGORY = 'electronics.headphones';
const UNLIMITED = 'requests=1000000000/60,sessions=1000000000/60,public=1000000000/60';

export const http: Bench = {
  name: 'http',
  title: 'Requests over HTTP',
  async run(context) {
    const environment = await testEnvironment({ AURA_RATE_LIMITS: UNLIMITED, AURA_CHECK_ANSWERS: 'false' });
    try {
      const { target, key, agentId } = await aSession(environment);
      const { apiUrl } = environment.platform;
      pin(environment.platform.processes.get('api')?.pid ?? 0);
      const headers = () => signed(key, agentId, target);
      const bytes = await (await fetch(apiUrl + target, { headers: headers() })).text();
      const reference = await startReference(bytes);
      try {
        const read = await compare(context, {
          name: 'signed_read',
          title: 'Signed GET of a session',
          unit: 'requests/s',
          reference: 'a bare Koa route with the same bytes, same core',
          reach: { atLeast: 0.5 },
          subject: () => load(apiUrl + target, headers()),
          against: () => load(reference.url + target, {}),
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

async function aSession({ http: options }: TestEnvironment) {
  const seller = await registerPrincipal(options, { name: 'Bench seller' });
  await Beacon.register(options, seller, { categories: [CATEGORY] });
  const buyer = await registerPrincipal(options, { name: 'Bench buyer' });
  const key = newKeyPair();
  const scout = await Scout.register(options, buyer, { key });
  const session = await scout.openSession({
    intent: 'I need wireless headphones with noise cancellation for my commute, at most 400 dollars.',
    constraints: { hard: { category: CATEGORY } },
    offerTimeoutSeconds: 120,
  });
  return { target: `/v1/sessions/${session.session_id}`, key, agentId: scout.agentId };
}

/** Reading may repeat a signature for five minutes, so one serves a whole round. */
function signed(key: KeyPair, agentId: string, target: string): Record<string, string> {
  const timestamp = new Date().toISOString();
  return {
    'x-agent-id': agentId,
    'x-timestamp': timestamp,
    'x-signature': key.sign(requestSigningBytes({ method: 'GET', target, timestamp, body: '' })),
  };
}

async function load(url: string, headers: Record<string, string>): Promise<number> {
  const result = await autocannon({ url, headers, connections: CONNECTIONS, duration: SECONDS });
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
