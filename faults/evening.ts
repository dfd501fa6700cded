/**
 * What the clock brings by the end of a day, which a run does not last: the daily payout takes what sellers are still
 * owed after one that failed, and every rail's statement is taken in.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { Platform } from '../bin/platform';
import { keyPairFrom, Operator, type HttpOptions } from '../sdk';
import { rows, type Db } from '../store/db';

export interface EveningDeps {
  db: Db;
  temporal: { address: string; namespace: string };
  platform: Pick<Platform, 'operator' | 'rails'>;
  http: HttpOptions;
}

const TRIES = 10;
const EVERY_MS = 2_000;
const DAILY = 'payouts-daily';

export async function letEveningCome(deps: EveningDeps): Promise<void> {
  const { agentId, secretKey } = deps.platform.operator;
  const operator = new Operator(deps.http, agentId, keyPairFrom(secretKey));
  const connection = await Connection.connect({ address: deps.temporal.address });
  try {
    const client = new Client({ connection, namespace: deps.temporal.namespace });
    for (let tries = 0; tries < TRIES && (await isOwed(deps.db)); tries++) {
      await client.schedule.getHandle(DAILY).trigger();
      await sleep(EVERY_MS);
    }
  } finally {
    await connection.close();
  }
  for (let tries = 0; tries < TRIES; tries++) {
    for (const rail of deps.platform.rails) await operator.reconcile(rail);
    if (!(await isUnreconciled(deps.db))) return;
    await sleep(EVERY_MS);
  }
}

async function isOwed(db: Db): Promise<boolean> {
  const open = await rows(
    db,
    `SELECT 1 FROM payables WHERE payout_id IS NULL UNION ALL SELECT 1 FROM payouts WHERE status = 'pending' LIMIT 1`,
  );
  return open.length > 0;
}

async function isUnreconciled(db: Db): Promise<boolean> {
  const open = await rows(
    db,
    `SELECT 1 FROM accounts WHERE kind = 'unreconciled' AND balance_minor <> 0 LIMIT 1`,
  );
  return open.length > 0;
}
