/** Prepares the database and Temporal for the clearinghouse. Running it again changes nothing. */
import { setTimeout } from 'node:timers/promises';
import { Client, Connection, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { SearchAttributeType } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { newId } from '../domain/ids';
import type { PublicKey } from '../domain/keys';
import { AURA } from '../domain/ledger/accounts';
import { capitalContributed, defaultFundContribution } from '../domain/ledger/postings';
import { atPar } from '../domain/par';
import { RAIL_SCHEDULES } from '../domain/reconciliation/schedule';
import { RAIL_TERMS, railTermsWith } from '../domain/rail-terms';
import type { RailName } from '../domain/settlement';
import { VERSION_2 } from '../domain/versions';
import { SANDBOX_OPENING_BALANCE_MINOR } from '../rails/sandbox/constants';
import { insertAgent, keyInUse } from '../store/agents';
import { createDb, inTransaction, migrate, type Db } from '../store/db';
import { postEntries } from '../store/ledger';
import { findPrincipalByKey, insertPrincipal } from '../store/principals';
import { registerRailKey } from '../store/trust';
import { CLEARING_TASK_QUEUE, SEARCH_ATTRIBUTES, type ReconciliationInput } from '../workflows/messages';
import { readRailKeys, type Config } from './config';
import { becomeDeployment } from './deployment';
import { dataConverter } from './data-converter';
import { keySource } from './key-source';
import { scheduleNetting } from './netting-schedule';
import { reconciliationSpec } from './reconciliation-spec';
import { createSchedules } from './schedules';
/** 1,000.00 USD: small enough that a default can be seen to go through it. */
const SANDBOX_DEFAULT_FUND_MINOR = 100_000n;

export async function setUp(config: Config<'setup'>): Promise<{ migrations: string[] }> {
  const db = createDb({
    url: config.DATABASE_URL,
    applicationName: 'aura-setup',
    poolMax: 2,
    keys: keySource(config, 'AURA_DATA_KEYS'),
  });
  const connection = await Connection.connect({ address: config.TEMPORAL_ADDRESS });
  try {
    const migrations = await migrate(db);
    await becomeDeployment(db, config.AURA_SANDBOX);
    for (const [rail, publicKey] of readRailKeys(config.AURA_RAIL_KEYS)) {
      await registerRailKey(db, { keyId: `rail-${rail}`, rail, publicKey });
    }
    if (config.AURA_SANDBOX) await openBooks(db, config);
    if (config.AURA_OPERATOR_KEY) await ensureOperator(db, config.AURA_OPERATOR_KEY);
    await registerSearchAttributes(connection, config.TEMPORAL_NAMESPACE);
    const client = new Client({
      connection,
      namespace: config.TEMPORAL_NAMESPACE,
      dataConverter: dataConverter(keySource(config, 'AURA_PAYLOAD_KEYS')),
    });
    await createSchedules(client, {
      rails: config.AURA_RAILS,
      noticesEveryMs: config.AURA_NOTICES_EVERY_MS,
      dayMs: config.AURA_DAY_MS,
    });
    await scheduleNetting(client, config.AURA_RAILS);
    for (const rail of config.AURA_RAILS)
      await scheduleReconciliation(client, rail, config.AURA_RECONCILE_EVERY_MS);
    return { migrations };
  } finally {
    await connection.close();
    await db.destroy();
  }
}

/** AURA's own money lies at each sandbox network from the start; the books say so too. */
async function openBooks(db: Db, { AURA_RAILS: rails, AURA_USDC: usdc }: Config<'setup'>): Promise<void> {
  const terms = railTermsWith(usdc);
  const capital = rails.map((rail) => {
    const asset = terms[rail].settles.USD ?? 'USD';
    const amountMinor = atPar(SANDBOX_OPENING_BALANCE_MINOR, 'USD', asset);
    return capitalContributed({ rail, asset, amountMinor });
  });
  const fund = defaultFundContribution({
    contributionId: 'sandbox',
    from: AURA,
    asset: 'USD',
    amountMinor: SANDBOX_DEFAULT_FUND_MINOR,
  });
  await inTransaction(db, (trx) => postEntries(trx, [...capital, fund]));
}

/** The operator's key becomes an agent of the house's own principal. */
async function ensureOperator(db: Db, publicKey: PublicKey): Promise<void> {
  await inTransaction(db, async (trx) => {
    if (await keyInUse(trx, publicKey)) return;
    const principal = await findPrincipalByKey(trx, publicKey);
    const principalId = principal?.id ?? newId('principal');
    if (!principal) {
      const house = {
        name: 'AURA operations',
        trustLevel: 'L3' as const,
        trustProfile: { level: 'L3', credentials: [], profiles: {} },
      };
      await insertPrincipal(trx, { id: principalId, publicKey, attestedRecord: null, ...house });
    }
    await insertAgent(trx, {
      id: operatorIdOf(publicKey),
      principalId,
      role: 'operator',
      name: 'operator',
      apiVersion: VERSION_2,
      categories: [],
      shipsTo: [],
      keyId: newId('key'),
      publicKey,
      capacity: new Map(),
    });
  });
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** An operator's id follows from its key, so that whoever holds the key knows it. */
export function operatorIdOf(publicKey: PublicKey): string {
  const bytes = Buffer.from(publicKey, 'base64');
  const digits = Array.from({ length: 25 }, (_unused, index) => CROCKFORD[(bytes[index] ?? 0) % 32]).join('');
  return `opr_0${digits}`;
}

const { IndexedValueType } = temporal.api.enums.v1;
const INDEXED: Partial<Record<SearchAttributeType, number>> = {
  [SearchAttributeType.KEYWORD]: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  [SearchAttributeType.DOUBLE]: IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
};
const USABLE_TRIES = 50;
const USABLE_EVERY_MS = 200;

/** An unregistered search attribute fails the start of a workflow, so they come before any worker. */
async function registerSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const wanted = Object.values(SEARCH_ATTRIBUTES);
  const known = async () => {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return new Set(Object.keys(customAttributes ?? {}));
  };
  const before = await known();
  const missing = wanted.filter(({ name }) => !before.has(name));
  if (missing.length === 0) return;
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(missing.map(({ name, type }) => [name, INDEXED[type] ?? 0])),
  });
  for (let attempt = 0; attempt < USABLE_TRIES; attempt++) {
    const now = await known();
    if (wanted.every(({ name }) => now.has(name))) return;
    await setTimeout(USABLE_EVERY_MS);
  }
  throw new Error('Temporal did not take the search attributes');
}

/** From five minutes on, the rails' own calendars apply; a shorter interval is one for all of them. */
const SHORTEST_CALENDAR_MS = 300_000;

/** One schedule a rail, after its cut-offs; a run that is still going is not overtaken. */
async function scheduleReconciliation(client: Client, rail: RailName, everyMs: number): Promise<void> {
  const { lookbackMs } = RAIL_SCHEDULES[rail];
  for (const asset of Object.keys(RAIL_TERMS[rail].maxAmountMinor)) {
    const input: ReconciliationInput = { rail, asset, lookbackMs };
    const scheduleId = `reconciliation-${rail}-${asset}`;
    const spec =
      everyMs < SHORTEST_CALENDAR_MS
        ? { intervals: [{ every: everyMs }] }
        : reconciliationSpec(rail, new Date());
    const policies = { overlap: ScheduleOverlapPolicy.SKIP };
    const action = {
      type: 'startWorkflow' as const,
      workflowType: 'reconciliation',
      workflowId: scheduleId,
      taskQueue: CLEARING_TASK_QUEUE,
      args: [input],
    };
    try {
      await client.schedule.create({ scheduleId, spec, policies, action });
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      // The calendar may have changed with the version, and holidays are known for some years only.
      await client.schedule.getHandle(scheduleId).update(({ state }) => ({ spec, policies, action, state }));
    }
  }
}
