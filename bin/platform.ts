/** The whole clearinghouse as processes on this machine: sandbox networks, workers, API. For start, demo and tests. */
import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { PublicKey } from '../domain/keys';
import type { KeySource } from '../domain/sealing';
import type { RailName } from '../domain/settlement';
import type { SandboxProcess } from '../rails/sandbox/spawn';
import { createVcIssuer } from '../sdk/issuer';
import { createDb } from '../store/db';
import { upsertIssuer } from '../store/trust';
import { readConfig } from './config';
import { startSandboxes, type SandboxOptions, type Sandboxes, type SandboxSettings } from './sandboxes';
import { keySource } from './key-source';
import { keyFile, keyRingFile, railPayloadKeysFile, secretFile, secretOf, type KeyFile } from './keys';
import { operatorIdOf, setUp } from './setup';
import { rememberSecrets } from './log-search';
import { writeWorkflowBundle } from './workflow-bundle';

export interface PlatformOptions {
  dataDir: string;
  databaseUrl: string;
  redisUrl: string;
  temporalAddress: string;
  temporalNamespace: string;
  port?: number;
  /** The rails to run, each with its sandbox; the instant ones by default. */
  rails?: readonly RailName[];
  sandboxSettings?: SandboxSettings;
  /** Gives the address at which the processes reach a family of networks; its own by default. */
  front?: SandboxOptions['front'];
  logLevel?: string;
  /** More variables for every process. */
  env?: Readonly<Record<string, string>>;
  onProgress?: (line: string) => void;
}

export interface ManagedProcess {
  readonly name: string;
  readonly pid: number;
  /** What it said when it was ready. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** Resolves when it has ended, however it ended. */
  readonly exited: Promise<void>;
  stop(): Promise<void>;
  /** `kill -9`. */
  kill(): Promise<void>;
}

export interface Platform {
  apiUrl: string;
  /** The sandbox of the instant networks. */
  network: SandboxProcess;
  sandboxes: Sandboxes;
  rails: readonly RailName[];
  operator: { agentId: string; secretKey: string };
  auraPublicKey: PublicKey;
  /** The key (PKCS#8 PEM) of the issuer that the sandbox's trust framework knows. */
  issuerKeyPath: string;
  /** What its personal data is sealed under. */
  dataKeys: KeySource;
  /** What payloads of its workflows are sealed under. */
  payloadKeys: KeySource;
  dataDir: string;
  /** Makes another key of an adapter known to its network. */
  introduce(rail: RailName, key: { keyId: string; publicKey: PublicKey }): Promise<void>;
  processes: Map<string, ManagedProcess>;
  /** Starts a process of the platform anew, under its name. */
  restart(name: string, env?: Readonly<Record<string, string>>): Promise<ManagedProcess>;
  stop(): Promise<void>;
}

export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { dataDir, onProgress = () => undefined } = options;
  const aura = keyFile(dataDir, 'aura');
  const operator = keyFile(dataDir, 'operator');
  const rails = options.rails ?? (['rtp', 'fednow'] as const);
  const railKeys = new Map(rails.map((rail) => [rail, keyFile(dataDir, `rail-${rail}`)]));
  const sandboxes = await startSandboxes({
    rails,
    dataDir: join(dataDir, 'sandbox'),
    settings: options.sandboxSettings,
    front: options.front,
    onProgress,
  });
  try {
    return await startOn(sandboxes, options, { aura, operator, rails, railKeys });
  } catch (error) {
    await sandboxes.stop();
    throw error;
  }
}

interface House {
  aura: KeyFile;
  operator: KeyFile;
  rails: readonly RailName[];
  railKeys: ReadonlyMap<RailName, KeyFile>;
}

async function startOn(
  sandboxes: Sandboxes,
  options: PlatformOptions,
  { aura, operator, rails, railKeys }: House,
): Promise<Platform> {
  const { dataDir, onProgress = () => undefined } = options;
  for (const [rail, { publicKey }] of railKeys) {
    const { RAIL_URL, RAIL_NETWORK_KEY } = sandboxes.railEnv(rail);
    // A network that signs its messages takes signed ones only, from participants it knows.
    if (RAIL_URL && RAIL_NETWORK_KEY && rail !== 'card')
      await registerParticipant(RAIL_URL, rail, { keyId: `rail-${rail}`, publicKey });
  }

  const env: Record<string, string> = {
    DATABASE_URL: options.databaseUrl,
    REDIS_URL: options.redisUrl,
    TEMPORAL_ADDRESS: options.temporalAddress,
    TEMPORAL_NAMESPACE: options.temporalNamespace,
    AURA_LOG_LEVEL: options.logLevel ?? 'warn',
    AURA_SANDBOX: 'true',
    // A run that starts many platforms has it made once.
    AURA_WORKFLOW_BUNDLE: process.env.AURA_WORKFLOW_BUNDLE ?? (await writeWorkflowBundle(dataDir)),
    AURA_SIGNING_KEY_FILE: aura.path,
    AURA_API_SECRET_FILE: secretFile(dataDir, 'api-secret'),
    AURA_DATA_KEYS_FILE: keyRingFile(dataDir, 'data-keys'),
    AURA_PAYLOAD_KEYS_FILE: keyRingFile(dataDir, 'payload-keys'),
    AURA_PUBLIC_KEY: aura.publicKey,
    AURA_OPERATOR_KEY: operator.publicKey,
    AURA_RAIL_KEYS: [...railKeys].map(([rail, key]) => `${rail}=${key.publicKey}`).join(','),
    AURA_RAILS: rails.join(','),
    PORT: String(options.port ?? 0),
    ...sandboxes.env,
    ...options.env,
  };
  // Their logs are searched for these.
  if (LOG_DIR) rememberSecrets(LOG_DIR, secretsIn(env));
  const { migrations } = await setUp(readConfig('setup', env));
  const issuer = keyFile(dataDir, 'sandbox-issuer');
  await trustSandboxIssuer(options.databaseUrl, issuer.path);
  onProgress(migrations.length > 0 ? `database migrated: ${migrations.join(', ')}` : 'database up to date');

  const entries = new Map<string, { entry: string; env: Record<string, string> }>([
    ['worker', { entry: 'worker', env: {} }],
    ...rails.map((rail) => [`rail-${rail}`, { entry: 'rail-worker', env: railEnv(rail) }] as const),
    ['api', { entry: 'api', env: {} }],
  ]);
  const processes = new Map<string, ManagedProcess>();
  const start = async (
    name: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<ManagedProcess> => {
    const spec = entries.get(name);
    if (!spec) throw new Error(`no process ${name}`);
    const started = await launch(name, spec.entry, { ...env, ...spec.env, ...more });
    processes.set(name, started);
    return started;
  };
  const stop = async () => {
    await Promise.all([...processes.values()].map((running) => running.stop()));
    await sandboxes.stop();
  };
  try {
    await Promise.all([...entries.keys()].map((name) => start(name)));
  } catch (error) {
    await stop();
    throw error;
  }
  const network = sandboxes.processes.get('instant') ?? [...sandboxes.processes.values()][0];
  if (!network) throw new Error('no sandbox runs');
  const apiUrl = String(processes.get('api')?.ready.url);
  onProgress(`API: ${apiUrl}`);
  return {
    apiUrl,
    network,
    sandboxes,
    rails,
    operator: { agentId: operatorIdOf(operator.publicKey), secretKey: secretOf(operator.path) },
    auraPublicKey: aura.publicKey,
    issuerKeyPath: issuer.path,
    dataKeys: keySource(env, 'AURA_DATA_KEYS'),
    payloadKeys: keySource(env, 'AURA_PAYLOAD_KEYS'),
    dataDir,
    introduce: (rail, key) => registerParticipant(sandboxes.railEnv(rail).RAIL_URL ?? '', rail, key),
    processes,
    async restart(name, more) {
      await processes.get(name)?.stop();
      const pinned: Record<string, string> = name === 'api' ? { PORT: new URL(apiUrl).port } : {};
      return start(name, { ...pinned, ...more });
    },
    stop,
  };

  function railEnv(rail: RailName): Record<string, string> {
    return {
      RAIL: rail,
      ...sandboxes.railEnv(rail),
      RAIL_KEY_FILE: railKeys.get(rail)?.path ?? '',
      RAIL_PAYLOAD_KEYS_FILE: railPayloadKeysFile(
        join(dataDir, 'rails', rail),
        rail,
        keySource(env, 'AURA_PAYLOAD_KEYS').read(),
      ),
    };
  }
}

/** Whoever holds the sandbox issuer's key can say who anybody is; that is what a sandbox is for. */
async function trustSandboxIssuer(databaseUrl: string, keyPath: string): Promise<void> {
  const issuer = createVcIssuer({
    privateKeyPem: readFileSync(keyPath, 'utf8'),
    name: 'AURA sandbox issuer',
    attestsTradeRecord: true,
  });
  const db = createDb({ url: databaseUrl, applicationName: 'aura-platform', poolMax: 1 });
  try {
    await upsertIssuer(db, issuer.trustedIssuer());
  } finally {
    await db.destroy();
  }
}

/** The network takes messages only from participants it knows. */
async function registerParticipant(
  railUrl: string,
  rail: RailName,
  key: { keyId: string; publicKey: PublicKey },
): Promise<void> {
  const response = await fetch(`${railUrl}/operator/participant`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...key, replace: true }),
  });
  if (!response.ok) throw new Error(`${rail} did not register AURA: ${await response.text()}`);
}

const READY_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 20_000;
const TAIL_BYTES = 4_000;

/** What the files of secrets hold. */
function secretsIn(env: Readonly<Record<string, string>>): string[] {
  const files = Object.entries(env).filter(([name]) => /_(SECRET|KEYS?)_FILE$/.test(name));
  return files.flatMap(([, path]) =>
    readFileSync(path, 'utf8')
      .split(/\s+/)
      .filter((word) => !word.startsWith('-')),
  );
}

/** Where a test run wants to have what processes say, at the level that says most. */
const LOG_DIR = process.env.AURA_TEST_LOG_DIR;
const logFile = (name: string, pid: number | undefined) =>
  LOG_DIR && join(LOG_DIR, `${name}-${pid ?? 0}.log`);

/** By default glibc keeps a pool of freed memory for each of eight threads a core; the `Dockerfile` sets it too. */
const MEMORY = { MALLOC_ARENA_MAX: '2' };

/** Starts an entry point as a child that ends with its parent, and waits for its ready line. */
async function launch(name: string, entry: string, env: Record<string, string>): Promise<ManagedProcess> {
  const extension = extname(__filename);
  const child = spawn(
    process.execPath,
    [
      ...(extension === '.ts' ? ['--import', 'tsx'] : []),
      join(__dirname, entry + extension),
      '--until-stdin-closes',
    ],
    {
      cwd: join(__dirname, '..'),
      env: { ...MEMORY, ...process.env, ...env, ...(LOG_DIR && { AURA_LOG_LEVEL: 'debug' }) },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let tail = '';
  const log = logFile(name, child.pid);
  child.stderr.on('data', (chunk: Buffer) => {
    if (log) appendFileSync(log, chunk);
    tail = (tail + chunk.toString()).slice(-TAIL_BYTES);
    if (env.AURA_LOG_LEVEL !== 'silent') process.stderr.write(chunk);
  });
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  };
  const ready = await readyLine(child, exited).catch(async (error: unknown) => {
    await end('SIGKILL');
    throw new Error(`${name} did not start: ${tail.trim() || String(error)}`);
  });
  return { name, pid: child.pid ?? 0, ready, exited, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}

async function readyLine(child: ChildProcess, exited: Promise<void>): Promise<Record<string, unknown>> {
  if (!child.stdout) throw new Error('no output to read');
  const lines = createInterface({ input: child.stdout });
  const first = new Promise<string>((resolve) => lines.once('line', resolve));
  const ended = exited.then(() => Promise.reject(new Error('it ended')));
  const late = new Promise<never>((_resolve, reject) => {
    setTimeout(() => reject(new Error('it was not ready in time')), READY_TIMEOUT_MS).unref();
  });
  return JSON.parse(await Promise.race([first, ended, late])) as Record<string, unknown>;
}
