/** A whole clearinghouse of its own for a test file, on the services that `npm test` brought up. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEnvironment, type Environment, type EnvironmentOptions } from '../../bin/environment';
import { Operator, keyPairFrom } from '../../sdk';
import { createDb, type Db } from '../../store/db';
import { startRecording } from './recording';

export interface TestEnvironment extends Environment {
  db: Db;
  http: { baseUrl: string; attempts: number };
  operator: Operator;
  redisUrl: string;
}

export async function testEnvironment(
  env: Readonly<Record<string, string>> = {},
  more: Pick<EnvironmentOptions, 'rails' | 'sandboxSettings'> = {},
): Promise<TestEnvironment> {
  const { DATABASE_URL, REDIS_URL, TEMPORAL_ADDRESS } = process.env;
  if (!DATABASE_URL || !REDIS_URL || !TEMPORAL_ADDRESS) {
    throw new Error('no services: run the tests through `npm test`');
  }
  const environment = await startEnvironment({
    services: {
      temporal: {
        name: 'temporal',
        url: TEMPORAL_ADDRESS,
        address: TEMPORAL_ADDRESS,
        namespace: 'default',
        uiUrl: null,
        origin: 'the test run',
        startedHere: false,
      },
      postgres: {
        name: 'postgres',
        url: DATABASE_URL,
        kind: 'server',
        origin: 'the test run',
        startedHere: false,
      },
      redis: { name: 'redis', url: REDIS_URL, origin: 'the test run', startedHere: false },
    },
    dataDir: mkdtempSync(join(tmpdir(), 'aura-test-')),
    label: 'test',
    logLevel: process.env.AURA_TEST_LOG ?? 'silent',
    ...more,
    env: { AURA_CHECK_ANSWERS: 'true', ...env },
  });
  const recording = await startRecording(environment.platform.apiUrl);
  const platform = { ...environment.platform, apiUrl: recording.url };
  const http = { baseUrl: recording.url, attempts: 12 };
  const db = createDb({
    url: environment.databaseUrl,
    applicationName: 'aura-test',
    poolMax: 4,
    keys: platform.dataKeys,
  });
  return {
    ...environment,
    platform,
    db,
    http,
    redisUrl: REDIS_URL,
    operator: new Operator(http, platform.operator.agentId, keyPairFrom(platform.operator.secretKey)),
    async stop() {
      await recording.stop();
      await db.destroy();
      await environment.stop();
    },
  };
}
