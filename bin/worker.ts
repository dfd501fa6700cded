/** The clearing worker: workflows, their local activities, and the relay of the outbox. */
import { NativeConnection, Worker } from '@temporalio/worker';
import { createActivities } from '../activities';
import { createEmbedder } from '../domain/embedding';
import { createRuleInterpreter } from '../domain/interpretation';
import { createSigner } from '../domain/keys';
import { createPolicyEngine } from '../domain/policies';
import { PROFILES, withDaysOf } from '../domain/profiles';
import { railTermsWith, type RailTerms } from '../domain/rail-terms';
import { RAILS, type RailName, type SettlementProof } from '../domain/settlement';
import { verifyChainEvidence } from '../rails/chain';
import { createDb, SERVER_PATIENCE_MS } from '../store/db';
import { runRelay } from '../store/relay';
import { CLEARING_TASK_QUEUE } from '../workflows/messages';
import { readConfig, type Config } from './config';
import { dataConverter } from './data-converter';
import { requireDeployment } from './deployment';
import { keySource } from './key-source';
import { createLog } from './log';
import { quietTemporal } from './quiet-temporal';
import { connectRedis } from './redis';
import { runProcess } from './run-process';
import { CLEARING_WORKER, LOCAL_ACTIVITIES } from './worker-settings';
import { workflowBundle } from './workflow-bundle';

void runProcess(async () => {
  const config = readConfig('worker');
  const log = createLog('worker', config.AURA_LOG_LEVEL);
  quietTemporal();
  const db = createDb({
    url: config.DATABASE_URL,
    applicationName: 'aura-worker',
    poolMax: LOCAL_ACTIVITIES,
    keys: keySource(config, 'AURA_DATA_KEYS'),
    patienceMs: SERVER_PATIENCE_MS,
  });
  await requireDeployment(db, config.AURA_SANDBOX);
  const redis = connectRedis(config.REDIS_URL, log);
  const connection = await NativeConnection.connect({ address: config.TEMPORAL_ADDRESS });
  const worker = await Worker.create({
    connection,
    namespace: config.TEMPORAL_NAMESPACE,
    dataConverter: dataConverter(keySource(config, 'AURA_PAYLOAD_KEYS')),
    taskQueue: CLEARING_TASK_QUEUE,
    workflowBundle: await workflowBundle(config.AURA_WORKFLOW_BUNDLE),
    activities: createActivities({
      db,
      signer: createSigner(config.AURA_SIGNING_KEY_FILE, 'aura'),
      interpreter: createRuleInterpreter(),
      embedder: createEmbedder(),
      railTerms: railTerms(config),
      profiles: config.AURA_DAY_MS ? withDaysOf(config.AURA_DAY_MS) : PROFILES,
      policies: createPolicyEngine(),
      retention: config.AURA_RETENTION_DAYS,
      marginCallMs: config.AURA_MARGIN_CALL_MS,
      readEvidence: evidenceReaders(config),
    }),
    ...CLEARING_WORKER,
  });
  const relayStop = new AbortController();
  const relay = runRelay(
    { db, redis, onFault: (error) => log.warn({ err: error }, 'relay') },
    relayStop.signal,
  );
  const run = worker.run();
  return {
    ready: { taskQueue: CLEARING_TASK_QUEUE },
    done: run,
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await run;
      relayStop.abort();
      await relay;
      redis.disconnect();
      await connection.close();
      await db.destroy();
    },
  };
});

/** Where a chain can be read, AURA believes its own reading of a receipt and not the adapter's. */
function evidenceReaders({ AURA_CHAIN_RPC_URL: rpcUrl, AURA_USDC: token }: Config<'worker'>) {
  if (!rpcUrl) return {};
  const read = (proof: SettlementProof) => verifyChainEvidence(proof, rpcUrl, token);
  return { stablecoin: read, x402: read };
}

/** The rails' own terms, with the windows shortened where a test run says so. */
function railTerms(config: Config<'worker'>): Readonly<Record<RailName, RailTerms>> {
  const shortened = (terms: RailTerms): RailTerms => ({
    ...terms,
    instructionTtlMs: config.AURA_INSTRUCTION_TTL_MS ?? terms.instructionTtlMs,
    maxDelayMs: config.AURA_RAIL_MAX_DELAY_MS ?? terms.maxDelayMs,
    inquiry: {
      firstMs: Math.min(terms.inquiry.firstMs, config.AURA_INQUIRY_LAST_MS ?? Infinity),
      lastMs: Math.min(terms.inquiry.lastMs, config.AURA_INQUIRY_LAST_MS ?? Infinity),
    },
  });
  const all = railTermsWith(config.AURA_USDC);
  return Object.fromEntries(RAILS.map((rail) => [rail, shortened(all[rail])])) as Record<RailName, RailTerms>;
}
