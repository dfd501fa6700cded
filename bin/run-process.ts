/** The frame of every long-running process: one clear line on a bad start, an orderly end on a signal. */
import { ConfigError } from './config';

export interface Running {
  /** Printed as one line of JSON when it is ready, for whoever started it. */
  ready: Record<string, unknown>;
  /** Resolves or rejects when the process ends by itself. */
  done?: Promise<void>;
  stop(): Promise<void>;
}

const STOP_TIMEOUT_MS = 15_000;

export async function runProcess(start: () => Promise<Running>): Promise<void> {
  try {
    const running = await start();
    process.stdout.write(`${JSON.stringify({ ready: true, ...running.ready })}\n`);
    await Promise.race([signalled(), running.done ?? new Promise<void>(() => undefined)]);
    setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref();
    await running.stop();
    process.exit(0);
  } catch (error) {
    const expected = error instanceof ConfigError;
    process.stderr.write(
      `${expected ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
    );
    process.exit(1);
  }
}

/** A signal, or the end of the parent's pipe where the parent asked for that. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
    if (process.argv.includes('--until-stdin-closes')) {
      process.stdin.resume();
      process.stdin.once('end', resolve);
      process.stdin.once('error', () => resolve());
    }
  });
}
