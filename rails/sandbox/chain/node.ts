/** A real Ethereum node (anvil) as a child of the sandbox, with its state in the sandbox's data folder. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

export interface ChainNode {
  url: string;
  close(): Promise<void>;
}

export interface ChainNodeOptions {
  dataDir: string;
  chainId: number;
  onExit: (error: Error) => void;
}

/** A statement of the last days begins with what AURA's wallets were given, not before it. */
export const CHAIN_AGE_MS = 30 * 86_400_000;
const READY_TIMEOUT_MS = 20_000;
const RELEASE_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 10_000;
const POLL_MS = 25;
/** The node writes its state to disk this often, and when it is told to stop. */
const STATE_INTERVAL_SECONDS = 5;
/** States of so many past blocks are kept for questions about the past. */
const STATES_IN_MEMORY = 100;
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** The node's program, which comes in a package of its own for each platform. */
export function nodeProgram(): string {
  const anvil = createRequire(__filename).resolve('@foundry-rs/anvil/package.json');
  const platform = process.platform === 'darwin' || process.platform === 'win32' ? process.platform : 'linux';
  const name = `@foundry-rs/anvil-${platform}-${ARCHITECTURES[process.arch] ?? process.arch}`;
  const folder = dirname(createRequire(anvil).resolve(`${name}/package.json`));
  return join(folder, 'bin', platform === 'win32' ? 'anvil.exe' : 'anvil');
}

export async function startNode({ dataDir, chainId, onExit }: ChainNodeOptions): Promise<ChainNode> {
  const statePath = join(dataDir, 'state.json');
  const pidPath = join(dataDir, 'node.pid');
  await untilReleased(pidPath, statePath);
  // A state that was never written completely is none.
  if ((await stat(statePath).catch(() => undefined))?.size === 0) await rm(statePath);
  const child = spawn(nodeProgram(), argumentsOf(statePath, chainId), { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  let closing = false;
  try {
    const url = await listening(child);
    await writeFile(pidPath, String(child.pid));
    const watcher = watch(child.pid ?? 0);
    child.once('exit', (code) => {
      if (!closing) onExit(new Error(`the chain's node ended with code ${code}`));
    });
    return {
      url,
      async close() {
        closing = true;
        child.kill('SIGTERM');
        await Promise.race([exited, delay(STOP_TIMEOUT_MS, undefined, { ref: false })]);
        child.kill('SIGKILL');
        watcher.kill('SIGKILL');
        await rm(pidPath, { force: true });
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

function argumentsOf(statePath: string, chainId: number): string[] {
  return [
    ...['--host', '127.0.0.1', '--port', '0', '--chain-id', String(chainId)],
    // The chain is older than whoever asks for its recent statement. Only the first start of a chain uses this.
    ...['--timestamp', String(Math.floor((Date.now() - CHAIN_AGE_MS) / 1_000))],
    ...['--state', statePath, '--state-interval', String(STATE_INTERVAL_SECONDS)],
    // Blocks are the sandbox's to make.
    ...['--no-mining', '--order', 'fees', '--accounts', '10', '--threads', '1'],
    ...['--prune-history', String(STATES_IN_MEMORY), '--preserve-historical-states', '--color', 'never'],
  ];
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let told = '';
    const timer = setTimeout(() => fail('it did not say so in time'), READY_TIMEOUT_MS);
    const fail = (why: string) => {
      clearTimeout(timer);
      reject(new Error(`the chain's node does not listen: ${why}\n${told}`));
    };
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => fail(`exit code ${code}`));
    child.stderr?.on('data', (chunk: Buffer) => (told = (told + chunk.toString('utf8')).slice(-2_000)));
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    lines.on('line', (line) => {
      const address = /^Listening on ([\d.]+:\d+)/.exec(line)?.[1];
      if (!address) return;
      clearTimeout(timer);
      lines.close();
      child.stdout?.resume();
      resolve(`http://${address}`);
    });
  });
}

/**
 * Tells the node to write its state and stop when the sandbox dies, however it dies: then this process's input ends.
 */
function watch(pid: number): ChildProcess {
  const watcher = spawn('/bin/sh', ['-c', 'read -r _; kill -TERM "$1"', 'watch', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watcher.on('error', () => undefined);
  watcher.unref();
  return watcher;
}

/** After a crash of the sandbox its node is still writing the chain to disk. */
async function untilReleased(pidPath: string, statePath: string): Promise<void> {
  const pid = Number(await readFile(pidPath, 'utf8').catch(() => '0'));
  if (!Number.isSafeInteger(pid) || pid <= 0) return;
  const giveUpAt = Date.now() + RELEASE_TIMEOUT_MS;
  while (await isNode(pid, statePath)) {
    if (Date.now() > giveUpAt) throw new Error(`process ${pid} still has the chain of this folder`);
    await delay(POLL_MS);
  }
}

async function isNode(pid: number, statePath: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // Process ids are used again: where it can be seen, another program is told apart.
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  return command === undefined ? process.platform !== 'linux' : command.includes(statePath);
}
