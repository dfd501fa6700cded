/** `npm start`: the clearinghouse in sandbox mode on this machine, until Ctrl-C. */
import { join } from 'node:path';
import { startPlatform, type Platform } from './platform';
import { bringUpServices, DEFAULT_DATA_DIR, ServiceError } from './services';

const DEFAULT_PORT = 8080;

async function main(): Promise<void> {
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  const services = await bringUpServices({ persistTemporal: true, exitOnSignal: false, onProgress: say });
  let platform: Platform | undefined;
  try {
    platform = await startPlatform({
      dataDir: join(DEFAULT_DATA_DIR, 'platform'),
      databaseUrl: services.postgres.url,
      redisUrl: services.redis.url,
      temporalAddress: services.temporal.address,
      temporalNamespace: services.temporal.namespace,
      port: readPort(),
      onProgress: say,
    });
    say('');
    say(`API            ${platform.apiUrl}`);
    say(`To read and try ${platform.apiUrl}/docs`);
    say(`Sandbox banks  ${platform.network.url}`);
    say(`Temporal UI    ${services.temporal.uiUrl ?? '(see your Temporal server)'}`);
    say(
      `Operator       ${platform.operator.agentId}, key in ${join(DEFAULT_DATA_DIR, 'platform', 'keys', 'operator.pem')}`,
    );
    say(`Sandbox issuer key in ${platform.issuerKeyPath}`);
    say('');
    say('Ctrl-C stops it.');
    const failed = await Promise.race([signalled(), ...[...platform.processes.values()].map(ended)]);
    if (failed !== undefined) {
      process.stderr.write(`${failed} has ended by itself\n`);
      process.exitCode = 1;
    }
    say('Stopping…');
  } finally {
    await platform?.stop();
    await services.stop();
  }
}

function readPort(): number {
  const port = Number(process.env.PORT ?? DEFAULT_PORT);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new ServiceError(`PORT is ${JSON.stringify(process.env.PORT)}: a port number from 0 to 65535.`);
}

function signalled(): Promise<undefined> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve(undefined));
    process.once('SIGTERM', () => resolve(undefined));
  });
}

/** A part that ends by itself ends the whole, so that nobody takes half a clearinghouse for one. */
async function ended({ name, exited }: { name: string; exited: Promise<void> }): Promise<string> {
  await exited;
  return name;
}

main()
  .catch((error: unknown) => {
    const expected =
      error instanceof ServiceError || (error instanceof Error && error.name === 'ConfigError');
    process.stderr.write(
      `${expected ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
    );
    process.exitCode = 1;
  })
  .finally(() => process.exit());
