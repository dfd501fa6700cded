/**
 * A simulated payment network as a process of its own.
 *
 *   sandbox-network [--family instant|card|ach|chain|facilitator] [--port N] [--host H] [--data DIR]
 *                   [--slow-answer-ms N] [--seed N] [--set name=value]… [--until-stdin-closes]
 *
 * `instant` (the default) hosts RTP and FedNow. Prints one line of JSON, `{"ready":true,"url":…,"keys":{…},"info":{…}}`.
 */
import { parseArgs } from 'node:util';
import { FAMILY_NAMES, startFamily, type FamilyName } from '../rails/sandbox';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      family: { type: 'string', default: 'instant' },
      port: { type: 'string', default: process.env.SANDBOX_PORT ?? '0' },
      host: { type: 'string', default: process.env.SANDBOX_HOST ?? '127.0.0.1' },
      data: { type: 'string', default: process.env.SANDBOX_DATA ?? '.data/sandbox' },
      'slow-answer-ms': { type: 'string' },
      seed: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
      'until-stdin-closes': { type: 'boolean', default: false },
    },
  });
  const sandbox = await startFamily(familyOf(values.family), {
    dataDir: values.data,
    host: values.host,
    port: numberOf('port', values.port),
    slowAnswerMs: values['slow-answer-ms'] ? numberOf('slow-answer-ms', values['slow-answer-ms']) : undefined,
    seed: values.seed ? numberOf('seed', values.seed) : undefined,
    settings: settingsOf(values.set),
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
  console.log(JSON.stringify({ ready: true, url: sandbox.url, keys: sandbox.keys, info: sandbox.info }));
}

function familyOf(name: string): FamilyName {
  const known = FAMILY_NAMES.find((family) => family === name);
  if (!known) throw new Error(`--family is one of ${FAMILY_NAMES.join(', ')}`);
  return known;
}

function settingsOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new Error(`--set takes name=value, not "${pair}"`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

function numberOf(name: string, text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new Error(`--${name} is a number`);
  return Number(text);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
