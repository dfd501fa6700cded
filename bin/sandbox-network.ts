/**
 * The simulated RTP and FedNow networks as a process of their own.
 *
 *   sandbox-network [--network rtp|fednow] [--port N] [--host H] [--data DIR] [--slow-answer-ms N] [--seed N]
 *                   [--until-stdin-closes]
 *
 * Without `--network` it hosts both. Prints one line of JSON, `{"ready":true,"url":…,"keys":{"rtp":…,"fednow":…}}`.
 */
import { parseArgs } from 'node:util';
import { RAILS, type RailName } from '../domain/settlement';
import { startSandbox } from '../rails/sandbox';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      network: { type: 'string' },
      port: { type: 'string', default: process.env.SANDBOX_PORT ?? '0' },
      host: { type: 'string', default: process.env.SANDBOX_HOST ?? '127.0.0.1' },
      data: { type: 'string', default: process.env.SANDBOX_DATA ?? '.data/sandbox' },
      'slow-answer-ms': { type: 'string' },
      seed: { type: 'string' },
      'until-stdin-closes': { type: 'boolean', default: false },
    },
  });
  const sandbox = await startSandbox({
    dataDir: values.data,
    host: values.host,
    port: numberOf('port', values.port),
    networks: networksOf(values.network),
    slowAnswerMs: values['slow-answer-ms'] ? numberOf('slow-answer-ms', values['slow-answer-ms']) : undefined,
    seed: values.seed ? numberOf('seed', values.seed) : undefined,
    onFatal(error) {
      console.error(error);
      process.exit(1);
    },
  });
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    sandbox.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (values['until-stdin-closes']) process.stdin.on('end', stop).resume();
  console.log(JSON.stringify({ ready: true, url: sandbox.url, keys: sandbox.keys }));
}

function networksOf(network: string | undefined): readonly RailName[] {
  if (network === undefined) return RAILS;
  const known = RAILS.find((rail) => rail === network);
  if (!known) throw new Error(`--network is one of ${RAILS.join(', ')}`);
  return [known];
}

function numberOf(name: string, text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new Error(`--${name} is a number`);
  return Number(text);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
