/**
 * The adapter: a Temporal worker on the rail's task queue. It keeps nothing of its own; `kill -9` is a way to stop it.
 *
 *   TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE   AURA's Temporal
 *   AURA_URL, AURA_PUBLIC_KEY              AURA's API, and the key that instructions are signed with (base64)
 *   RAIL, RAIL_KEY_ID, RAIL_KEY_FILE       the rail; the id of its registered key; the private key (PKCS#8 PEM)
 *   RAIL_PAYLOAD_KEYS_FILE                 the rail's payload keys, from AURA
 *   BANK_URL, BANK_ROUTING_NUMBER          the bank
 *   BANK_AURA_ACCOUNT, BANK_NETWORK        AURA's account there; the bank's name in proofs
 */
import { readFileSync } from 'node:fs';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createActivities } from './activities.mjs';
import { createAura } from './aura.mjs';
import { createCodec } from './payloads.mjs';
import { createSigner } from './signing.mjs';

const HEARTBEAT_MS = 1_000;

/** Every activity beats while it runs, so that Temporal soon learns of a process that died. */
const heartbeats = (context) => ({
  inbound: {
    async execute(input, next) {
      const beat = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
      try {
        return await next(input);
      } finally {
        clearInterval(beat);
      }
    },
  },
});

function setting(name, fallback) {
  const value = process.env[name] ?? fallback;
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

const rail = setting('RAIL', 'fednow');
const signer = createSigner(readFileSync(setting('RAIL_KEY_FILE'), 'utf8'), setting('RAIL_KEY_ID'));
const codec = createCodec(readFileSync(setting('RAIL_PAYLOAD_KEYS_FILE'), 'utf8'), rail);
const aura = createAura({ url: setting('AURA_URL'), rail, signer });

Runtime.install({ logger: new DefaultLogger('WARN') });
const connection = await NativeConnection.connect({ address: setting('TEMPORAL_ADDRESS') });
const worker = await Worker.create({
  connection,
  namespace: setting('TEMPORAL_NAMESPACE', 'default'),
  taskQueue: `rail-${rail}`,
  dataConverter: { payloadCodecs: [codec] },
  activities: createActivities({
    rail,
    aura,
    auraPublicKey: setting('AURA_PUBLIC_KEY'),
    signer,
    bank: {
      url: setting('BANK_URL'),
      routingNumber: setting('BANK_ROUTING_NUMBER'),
      auraAccount: setting('BANK_AURA_ACCOUNT'),
      network: setting('BANK_NETWORK', 'SMALLBANK'),
      finality: 'irrevocable',
    },
  }),
  interceptors: { activity: [heartbeats] },
  maxConcurrentActivityTaskExecutions: 50,
  shutdownGraceTime: '10s',
});

const stop = () => worker.getState() === 'RUNNING' && worker.shutdown();
// Whoever starts the adapter with a pipe as its input takes it along when it ends.
if (process.argv.includes('--until-stdin-closes')) process.stdin.resume().once('end', stop);
const run = worker.run();
await aura.reportHealth('closed');
console.log(JSON.stringify({ taskQueue: `rail-${rail}` }));
await run;
await connection.close();
process.exit(0);
