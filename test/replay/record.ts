/** `npm run record-histories`: runs one deal of each kind and keeps its workflows' histories for the replay tests. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { bringUpServices, DEFAULT_DATA_DIR } from '../../bin/services';
import type { Transaction } from '../../sdk';
import { createPayloadSealer, openHistory } from '../../domain/payload-sealing';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { anOffer, createMarket, type Market } from '../support/market';

const TARGET = join(__dirname, 'histories');

async function main(): Promise<void> {
  const services = await bringUpServices({
    dataDir: join(DEFAULT_DATA_DIR, 'test'),
    cacheDir: join(DEFAULT_DATA_DIR, 'cache'),
    fetchPostgresBinaries: true,
    onProgress: (line) => process.stdout.write(`${line}\n`),
  });
  Object.assign(process.env, {
    DATABASE_URL: services.postgres.url,
    REDIS_URL: services.redis.url,
    TEMPORAL_ADDRESS: services.temporal.address,
  });
  const env = await testEnvironment();
  try {
    const named = await run(createMarket(env));
    await record(services.temporal.address, env, named);
  } finally {
    await env.stop();
    await services.stop();
  }
}

const SLOW = { timeoutMs: 60_000 };
const isCleared = ({ clearing_status }: Transaction) => clearing_status === 'cleared';

/** Workflow ids by the name their history gets. */
async function run(market: Market): Promise<Map<string, string>> {
  const named = new Map<string, string>();
  const cleared = await market.aDealCommitted();
  const { transaction_id: id } = cleared.transaction;
  await cleared.buyer.scout.waitFor(id, isCleared, SLOW);
  await cleared.seller.beacon.reportDelivery(id);
  await cleared.seller.beacon.waitFor(id, ({ payout }) => payout?.status === 'proved', SLOW);
  named
    .set('transaction.cleared', id)
    .set('payout.proved', `payout-${id}`)
    .set('session.committed', cleared.sessionId);

  const unknown = (await market.aDealCommitted({ price: '366.19' })).transaction.transaction_id;
  named.set('transaction.unknown-outcome', unknown);
  named.set(
    'transaction.rejected',
    (await market.aDealCommitted({ price: '366.01' })).transaction.transaction_id,
  );
  named.set(
    'transaction.sent-back',
    (await market.aDealCommitted({ price: '366.15' })).transaction.transaction_id,
  );

  const scratched = await market.aDealCommitted();
  const { transaction_id: scratchedId } = scratched.transaction;
  await scratched.buyer.scout.waitFor(scratchedId, isCleared, SLOW);
  const refund = await scratched.seller.beacon.refund(scratchedId, { amount: '10.00', reason: 'a scratch' });
  named.set('refund.proved', `refund-${refund.refund_id}`);
  const unwanted = await market.aDealCommitted();
  const { transaction_id: unwantedId } = unwanted.transaction;
  await unwanted.buyer.scout.waitFor(unwantedId, isCleared, SLOW);
  await unwanted.buyer.scout.cancelTransaction(unwantedId);
  await unwanted.buyer.scout.waitFor(unwantedId, ({ status }) => status === 'cancelled', SLOW);
  named.set('transaction.cancelled', unwantedId);
  const disputed = await market.aDealCommitted();
  const { transaction_id: disputedId } = disputed.transaction;
  await disputed.buyer.scout.waitFor(disputedId, isCleared, SLOW);
  const { dispute_id: disputeId } = await disputed.buyer.scout.disputes.file(disputedId, {
    reason: 'not_delivered',
    description: 'nothing came',
    remedy: 'refund',
  });
  await disputed.seller.beacon.disputes.answer(disputeId, { position: 'accept', statement: 'so it is' });
  await disputed.buyer.scout.waitFor(disputedId, ({ status }) => status === 'cancelled', SLOW);
  named.set('dispute.accepted', disputeId).set('transaction.disputed', disputedId);

  const buyer = await market.aBuyer();
  const seller = await market.aSeller();
  const { sessionId } = await market.rankedSession(buyer, [[seller, [anOffer()]]]);
  await buyer.scout.cancelSession(sessionId);
  named.set('session.cancelled', sessionId).set('mandate.accepted', buyer.mandateId);
  const deposit = await buyer.scout.deposit({ mandateId: buyer.mandateId, amount: '100.00' });
  named.set('deposit.proved', deposit.deposit_id);
  // Every history is to be whole: the slowest of them asks the rail after a second.
  await new Promise((resolve) => setTimeout(resolve, 8_000));
  return named;
}

async function record(
  address: string,
  { namespace, platform }: TestEnvironment,
  named: ReadonlyMap<string, string>,
): Promise<void> {
  const sealer = createPayloadSealer(platform.payloadKeys);
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace });
  rmSync(TARGET, { recursive: true, force: true });
  mkdirSync(TARGET, { recursive: true });
  const write = async (name: string, workflowId: string) => {
    const history = await client.workflow.getHandle(workflowId).fetchHistory();
    // Kept in plain text, so that a change shows: they are of a sandbox, and the codec passes what is plain.
    const json = openHistory(JSON.parse(historyToJSON(history)), sealer);
    writeFileSync(join(TARGET, `${name}.json`), `${JSON.stringify(json, null, 1)}\n`);
  };
  for (const [name, workflowId] of named) await write(name, workflowId);
  await connection.close();
}

main()
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  })
  .finally(() => process.exit());
