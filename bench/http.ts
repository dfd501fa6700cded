/** Requests a second of the API against a bare Koa route with the same bytes, both on the same core. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import autocannon from 'autocannon';
import { requestSigningBytes } from '../domain/request-signature';
import { registerPrincipal, Scout, type KeyPair } from '../sdk';
import { testEnvironment, type TestEnvironment } from '../test/support/environment';
import { createMarket, INTENT } from '../test/support/market';
import { absolute, compare, type Bench, type BenchContext, type Comparison, type Figure } from './harness';
import { fastKeyPair } from './key';

const SECONDS = 5;
const CONNECTIONS = 16;
/** Different reads of a run; a signature of reading holds for five minutes. */
const SIGNED = 4_000;
const SERVER_CORE = '1';
const UNLIMITED = 'all=1000000000/60';

interface Asked {
  method: 'GET' | 'PUT';
  /** As routes are written. */
  route: string;
  body: string;
}

/** The next request: where it goes, and its signature. */
type Next = () => { path: string; headers: Record<string, string> };

export const http: Bench = {
  name: 'http',
  title: 'Requests over HTTP',
  async run(context) {
    const environment = await testEnvironment({ AURA_RATE_LIMITS: UNLIMITED, AURA_CHECK_ANSWERS: 'false' });
    try {
      const { apiUrl } = environment.platform;
      const { sessionId, buyer } = await aSession(environment);
      const scouts = await Promise.all(Array.from({ length: CONNECTIONS }, () => aScout(environment)));
      pin(environment.platform.processes.get('api')?.pid ?? 0);
      const read: Asked = { method: 'GET', route: '/v1/sessions/:id', body: '' };
      const reads = again(SIGNED, signer(buyer, read, `/v1/sessions/${sessionId}`));
      // Each write is a new version of its agent's policies, with its audit record and its event.
      const write: Asked = {
        method: 'PUT',
        route: '/v1/agents/scouts/:id/policies',
        body: JSON.stringify({ policies: { max_price_usd: '250.00' } }),
      };
      const writes = inTurns(
        scouts.map((scout) => signer(scout, write, `/v1/agents/scouts/${scout.agentId}/policies`)),
      );
      return [
        await against(context, apiUrl, read, reads, {
          name: 'signed_read',
          title: 'Signed GET of a session',
          reach: { atLeast: 0.5 },
        }),
        await against(context, apiUrl, write, writes, {
          name: 'signed_write',
          title: `Signed PUT of policies, by ${CONNECTIONS} agents`,
          reach: { atLeast: 0.25 },
        }),
        absolute(await healthMs(apiUrl), HEALTH),
      ];
    } finally {
      await environment.stop();
    }
  },
};

const HEALTH = { name: 'healthz_p50', title: '/healthz, one at a time', unit: 'ms', reach: { atMost: 1 } };

/** The API against a bare route that answers the same bytes. */
async function against(
  context: BenchContext,
  apiUrl: string,
  request: Asked,
  next: Next,
  what: Pick<Comparison, 'name' | 'title' | 'reach'>,
): Promise<Figure> {
  const { method, body } = request;
  const { path, headers } = next();
  const sent = { method, headers, ...(body && { body }) };
  const answered = await fetch(apiUrl + path, sent);
  if (!answered.ok) throw new Error(`${method} ${path}: ${answered.status} ${await answered.text()}`);
  const reference = await startReference(request, await answered.text());
  // The reference looks at none, and would use up the instants of those that count once.
  const same = next();
  try {
    return await compare(context, {
      ...what,
      unit: 'requests/s',
      reference: 'a bare Koa route with the same bytes, same core',
      subject: () => load(apiUrl, request, next),
      against: () => load(reference.url, request, () => same),
    });
  } finally {
    reference.stop();
  }
}

async function aSession(environment: TestEnvironment) {
  await createMarket(environment).aSeller();
  const { http: options } = environment;
  const buyer = await aScout(environment);
  const scout = new Scout(options, buyer.agentId, buyer.key);
  const { session_id: sessionId } = await scout.openSession({ intent: INTENT, offerTimeoutSeconds: 120 });
  return { sessionId, buyer };
}

interface Buyer {
  agentId: string;
  key: KeyPair;
}

async function aScout({ http: options }: TestEnvironment): Promise<Buyer> {
  const key = fastKeyPair();
  const buyer = await registerPrincipal(options, { name: 'Bench buyer' });
  const { agentId } = await Scout.register(options, buyer, { key });
  return { agentId, key };
}

/** Signs each request anew; no two are of the same millisecond, so each signature is one of its own. */
function signer({ agentId, key }: Buyer, { method, body }: Asked, target: string): Next {
  let at = Date.now();
  return () => {
    at = Math.max(at + 1, Date.now());
    const timestamp = new Date(at).toISOString();
    const headers = {
      'x-agent-id': agentId,
      'x-timestamp': timestamp,
      'x-signature': key.sign(requestSigningBytes({ method, target, timestamp, body })),
      ...(body && { 'content-type': 'application/json' }),
    };
    return { path: target, headers };
  };
}

function inTurns(all: readonly Next[]): Next {
  let turn = 0;
  return () => (all[turn++ % all.length] as Next)();
}

/** So many signed beforehand, so that signing takes nothing from the servers' round; each is verified anew. */
function again(count: number, sign: Next): Next {
  return inTurns(Array.from({ length: count }, sign).map((signed) => () => signed));
}

async function load(url: string, { method, route, body }: Asked, next: Next): Promise<number> {
  const result = await autocannon({
    url,
    method,
    connections: CONNECTIONS,
    duration: SECONDS,
    requests: [
      {
        ...(body && { body }),
        setupRequest: (request) => {
          const { path, headers } = next();
          return { ...request, path, headers: { ...request.headers, ...headers } };
        },
      },
    ],
  });
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${method} ${route}: ${result.non2xx} refused, ${result.errors} failed`);
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

async function startReference(
  { method, route }: Asked,
  bytes: string,
): Promise<{ url: string; stop(): void }> {
  const file = join(mkdtempSync(join(tmpdir(), 'aura-bench-')), 'answer.json');
  writeFileSync(file, bytes);
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', join(__dirname, 'reference-server.ts'), method, route, file],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
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
