/** Starts a sandbox as a process of its own and waits until it answers. */
import { spawn, type ChildProcess } from 'node:child_process';
import { extname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { PublicKey } from '../../domain/keys';
import type { FamilyName } from './families';

export interface SpawnOptions {
  /** `instant` by default. */
  family?: FamilyName;
  dataDir: string;
  /** Any free port by default. */
  port?: number;
  slowAnswerMs?: number;
  seed?: number;
  /** Settings of the family. */
  settings?: Readonly<Record<string, string>>;
  readyTimeoutMs?: number;
}

export interface SandboxProcess {
  url: string;
  port: number;
  pid: number;
  keys: Readonly<Record<string, PublicKey>>;
  info: Readonly<Record<string, string>>;
  /** Ends it in order. */
  stop(): Promise<void>;
  /** `kill -9`. */
  kill(): Promise<void>;
}

interface ReadyLine {
  ready: true;
  url: string;
  keys: Record<string, PublicKey>;
  info: Record<string, string>;
}

const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 5_000;

export async function spawnSandboxNetwork(options: SpawnOptions): Promise<SandboxProcess> {
  const child = spawn(process.execPath, argumentsOf(options), {
    cwd: join(__dirname, '..', '..'),
    // The child ends when its standard input does, so that it never outlives who started it.
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  const { url, keys, info } = await readyLine(child, options.readyTimeoutMs ?? READY_TIMEOUT_MS);
  child.stdout.resume();
  child.stderr.resume();
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  };
  return {
    url,
    port: Number(new URL(url).port),
    pid: child.pid ?? 0,
    keys,
    info,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

function argumentsOf({ family, dataDir, port, slowAnswerMs, seed, settings }: SpawnOptions): string[] {
  // From sources the entry point is TypeScript and needs its loader, from a build it is JavaScript.
  const extension = extname(__filename);
  const entry = join(__dirname, '..', '..', 'bin', `sandbox-network${extension}`);
  return [
    ...(extension === '.ts' ? ['--import', 'tsx'] : []),
    entry,
    '--family',
    family ?? 'instant',
    '--data',
    resolve(dataDir),
    '--port',
    String(port ?? 0),
    ...(slowAnswerMs === undefined ? [] : ['--slow-answer-ms', String(slowAnswerMs)]),
    ...(seed === undefined ? [] : ['--seed', String(seed)]),
    ...Object.entries(settings ?? {}).flatMap(([name, value]) => ['--set', `${name}=${value}`]),
    '--until-stdin-closes',
  ];
}

function readyLine(child: ChildProcess, timeoutMs: number): Promise<ReadyLine> {
  return new Promise((resolveLine, reject) => {
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString('utf8')).slice(-4_000)));
    const fail = (why: string) => {
      child.kill('SIGKILL');
      reject(new Error(`the sandbox networks did not start: ${why}\n${errors}`));
    };
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
    const onExit = (code: number | null) => {
      clearTimeout(timer);
      fail(`exit code ${code}`);
    };
    child.once('exit', onExit);
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    lines.once('line', (line) => {
      clearTimeout(timer);
      child.off('exit', onExit);
      lines.close();
      resolveLine(JSON.parse(line) as ReadyLine);
    });
  });
}
