/** Running other programs: found on PATH, bounded in time, and with a sign of life while they take long. */
import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const PROGRESS_EVERY_MS = 10_000;
const KEPT_OUTPUT_CHARS = 20_000;

export interface CommandOptions {
  timeoutMs: number;
  signal?: AbortSignal;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  uid?: number;
  gid?: number;
  /** Called about every ten seconds with the time gone by, such as `40 s`. */
  onElapsed?: (elapsed: string) => void;
}

export interface CommandResult {
  ok: boolean;
  stdout: string;
  /** The last line the command wrote, to stderr if it wrote there: most often what went wrong. */
  lastLine: string;
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

export function findOnPath(name: string, env: NodeJS.ProcessEnv): string | undefined {
  return (env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

export function formatElapsed(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Never rejects: a program that is missing, fails, or takes too long is a result that isn't ok. */
export async function runCommand(
  command: string,
  args: string[],
  { timeoutMs, signal, onElapsed, ...spawnOptions }: CommandOptions,
): Promise<CommandResult> {
  const start = Date.now();
  const ticker = setInterval(() => onElapsed?.(formatElapsed(Date.now() - start)), PROGRESS_EVERY_MS);
  // Its own process group, so that what it has started itself ends with it.
  const child = spawn(command, args, { ...spawnOptions, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr, problem] = ['', '', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout = keepTail(stdout + chunk.toString())));
  child.stderr.on('data', (chunk: Buffer) => (stderr = keepTail(stderr + chunk.toString())));
  const end = (reason: string) => {
    problem ||= reason;
    killGroup(child.pid, 'SIGTERM');
  };
  const timer = setTimeout(() => end(`it took longer than ${formatElapsed(timeoutMs)}`), timeoutMs);
  const onAbort = () => end('it was interrupted');
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort);
  const code = await new Promise<number | null>((resolve) => {
    child.on('error', (error) => {
      problem ||= error.message;
      resolve(null);
    });
    child.on('close', resolve);
  });
  clearInterval(ticker);
  clearTimeout(timer);
  signal?.removeEventListener('abort', onAbort);
  return {
    ok: code === 0 && problem === '',
    stdout,
    lastLine: problem || lastLineOf(stderr) || lastLineOf(stdout),
  };
}

export function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended already.
  }
}

function keepTail(text: string): string {
  return text.slice(-KEPT_OUTPUT_CHARS);
}

export function lastLineOf(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? '';
}
