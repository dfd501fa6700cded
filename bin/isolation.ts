/** A database and a Temporal namespace of one's own on shared servers, for a demo or a test that must not meet others. */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import knex from 'knex';

export interface Isolated {
  databaseUrl: string;
  namespace: string;
  drop(): Promise<void>;
}

const NAMESPACE_TRIES = 100;
const NAMESPACE_EVERY_MS = 200;
const RETENTION_SECONDS = 86_400;

export async function isolate(input: {
  databaseUrl: string;
  temporalAddress: string;
  label: string;
}): Promise<Isolated> {
  const name = randomName(input.label);
  const server = () => knex({ client: 'pg', connection: input.databaseUrl, pool: { min: 0, max: 1 } });
  const admin = server();
  try {
    await admin.raw('CREATE DATABASE ??', [name]);
  } finally {
    await admin.destroy();
  }
  const url = new URL(input.databaseUrl);
  url.pathname = `/${name}`;
  const namespace = name.replaceAll('_', '-');
  await registerNamespace(input.temporalAddress, namespace);
  return {
    databaseUrl: url.toString(),
    namespace,
    async drop() {
      const again = server();
      try {
        await again.raw('DROP DATABASE IF EXISTS ?? WITH (FORCE)', [name]);
      } finally {
        await again.destroy();
      }
    },
  };
}

export function randomName(label: string): string {
  return `aura_${label}_${randomBytes(5).toString('hex')}`;
}

/** Registers the namespace and waits until every part of the server knows it. */
export async function registerNamespace(address: string, namespace: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: RETENTION_SECONDS as never },
    });
    for (let attempt = 1; ; attempt++) {
      try {
        await connection.workflowService.listWorkflowExecutions({ namespace, pageSize: 1 });
        return;
      } catch (error) {
        if (attempt === NAMESPACE_TRIES) throw error;
        await setTimeout(NAMESPACE_EVERY_MS);
      }
    }
  } finally {
    await connection.close();
  }
}
