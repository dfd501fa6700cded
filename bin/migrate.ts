/** The migration job: prepares database and Temporal, and ends. */
import { ConfigError, readConfig } from './config';
import { setUp } from './setup';

setUp(readSetup())
  .then(({ migrations }) => process.stdout.write(`${JSON.stringify({ migrations })}\n`))
  .catch((error: unknown) => {
    process.stderr.write(`${textOf(error)}\n`);
    process.exitCode = 1;
  });

function textOf(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function readSetup() {
  try {
    return readConfig('setup');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
