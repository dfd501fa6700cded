/**
 * `npm run fuzz [-- --seconds 60 --seed 7]`: every route by its own OpenAPI document, with stateful links, against a
 * whole clearinghouse. Ends with status 0 where no answer was a 5xx, all were as the document says, and no closed route
 * answered an unsigned request; also where Schemathesis cannot be had, and says so.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { allRoutes } from '../api/routes';
import { Beacon, keyPairFrom, newKeyPair, Scout } from '../sdk';
import { startEnvironment, type Environment } from './environment';
import { findSchemathesis, runSchemathesis, type FuzzOutcome } from './fuzz/schemathesis';
import { startSigningProxy, type FuzzAgents, type SigningProxy } from './fuzz/signing-proxy';
import { keyFile, secretOf } from './keys';
import { bringUpServices, DEFAULT_DATA_DIR, ServiceError } from './services';

const say = (line: string) => void process.stderr.write(`${line}\n`);
const FAULTS_SHOWN = 20;

function options(): { seconds: number; seed: number } {
  const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' } } });
  const [seconds, seed] = [Number(values.seconds ?? 60), Number(values.seed ?? Date.now() % 2 ** 31)];
  if (!Number.isInteger(seconds) || seconds < 1) throw new ServiceError('--seconds takes a whole number');
  if (!Number.isInteger(seed) || seed < 0) throw new ServiceError('--seed takes a whole number');
  return { seconds, seed };
}

async function main(): Promise<number> {
  const { seconds, seed } = options();
  const cacheDir = join(DEFAULT_DATA_DIR, 'cache');
  const command = await findSchemathesis(cacheDir, say);
  if (typeof command !== 'string') {
    say(`The API is NOT fuzzed: Schemathesis cannot be had (${command.problem}).`);
    return 0;
  }
  const dataDir = join(DEFAULT_DATA_DIR, 'fuzz');
  const services = await bringUpServices({ dataDir, cacheDir, fetchPostgresBinaries: true, onProgress: say });
  try {
    const environment = await startEnvironment({
      services,
      dataDir,
      label: 'fuzz',
      rails: ['rtp'],
      logLevel: 'error',
      env: { AURA_CHECK_ANSWERS: 'true' },
    });
    try {
      return await fuzz(environment, command, { seconds, seed });
    } finally {
      await environment.stop();
    }
  } finally {
    await services.stop();
  }
}

async function fuzz(
  { platform }: Environment,
  command: string,
  { seconds, seed }: { seconds: number; seed: number },
): Promise<number> {
  const agents = await registerAgents(platform);
  const proxy = await startSigningProxy({ apiUrl: platform.apiUrl, routes: allRoutes(), agents });
  say(`Fuzzing for ${seconds} s with --seed ${seed}`);
  const outcome = await runSchemathesis(command, { url: proxy.url, seconds, seed });
  await proxy.stop();
  return report(proxy, outcome, seed);
}

function report(
  { unsigned, faults, count }: SigningProxy,
  { kept, givenUp }: FuzzOutcome,
  seed: number,
): number {
  if (givenUp > 0)
    say(`Schemathesis failed by itself at ${givenUp} (its Runtime Error above): tried in part.`);
  for (const fault of faults.slice(0, FAULTS_SHOWN)) say(`a fault: ${fault}`);
  for (const request of unsigned.slice(0, FAULTS_SHOWN)) say(`answered unsigned: ${request}`);
  const well = kept && unsigned.length === 0 && faults.length === 0;
  const found = `${faults.length} faults, ${unsigned.length} answered unsigned`;
  say(
    `Fuzzed with ${count()} requests: ${found}, documented answers ${kept ? 'only' : 'NOT only'} (--seed ${seed})`,
  );
  return well ? 0 : 1;
}

/** One of each role; in the sandbox they are vetted and funded at once. */
async function registerAgents({ apiUrl, operator, dataDir }: Environment['platform']): Promise<FuzzAgents> {
  const http = { baseUrl: apiUrl };
  const [scoutKey, beaconKey] = [newKeyPair(), newKeyPair()];
  const { scout } = await Scout.registerVersion1(http, { agent_name: 'Fuzzer', key: scoutKey });
  const { beacon } = await Beacon.registerVersion1(http, {
    agent_name: 'Fuzzer',
    merchant_name: 'Fuzzer',
    merchant_domain: 'fuzzer.example.com',
    categories: ['electronics'],
    key: beaconKey,
  });
  const { path } = keyFile(dataDir, 'rail-rtp');
  return {
    scout: { agentId: scout.agentId, key: scoutKey },
    beacon: { agentId: beacon.agentId, key: beaconKey },
    operator: { agentId: operator.agentId, key: keyPairFrom(operator.secretKey) },
    rail: { agentId: 'rail-rtp', key: keyPairFrom(secretOf(path)) },
  };
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    if (!(error instanceof ServiceError)) throw error;
    say(error.message);
    process.exit(1);
  },
);
