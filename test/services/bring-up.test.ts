import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { bringUpServices, ServiceError } from '../../bin/services';
import type { BringUpOptions } from '../../bin/services';
import { isAlive } from '../../bin/lock.mjs';
import { bareEnv, withTempFolder } from './support';

const UNUSED_URL = 'postgres://someone:secret@127.0.0.1:1/nowhere';

/** What npm test has up stands in for the services that a test isn't about. */
const { DATABASE_URL, TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, REDIS_URL } = process.env;
const given = { DATABASE_URL, TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, REDIS_URL };

function bringUp(dataDir: string, env: NodeJS.ProcessEnv, options: BringUpOptions = {}) {
  return bringUpServices({ dataDir, env: bareEnv({ ...given, ...env }), ...options });
}

function readSupervisors(dataDir: string): string[] {
  const { services } = JSON.parse(readFileSync(join(dataDir, 'services.json'), 'utf8')) as {
    services: { supervisor: string }[];
  };
  return services.map(({ supervisor }) => supervisor);
}

describe('bringing services up', () => {
  test('PGlite starts, loads pgvector, keeps transactions apart and is gone after stop', () =>
    withTempFolder(async (dataDir) => {
      const services = await bringUp(dataDir, {}, { postgres: 'pglite' });
      const { kind, url, startedHere } = services.postgres;
      expect({ kind, startedHere }).toEqual({ kind: 'pglite', startedHere: true });
      const supervisors = readSupervisors(dataDir);
      expect(supervisors).toHaveLength(1);

      const client = new Client({ connectionString: url });
      await client.connect();
      await client.query('create extension vector');
      await client.query('create table item (at vector(2))');
      await client.query('begin');
      await client.query(`insert into item values ('[1,2]')`);
      await client.query('rollback');
      const { rows } = await client.query('select count(*)::int as items from item');
      expect(rows).toEqual([{ items: 0 }]);
      await client.end();

      await services.stop();
      expect(supervisors.map(isAlive)).toEqual([false]);
      await expect(new Client({ connectionString: url }).connect()).rejects.toThrow(/ECONNREFUSED/);
    }));

  test('a second command uses what the first has running, and the last one to leave ends it', () =>
    withTempFolder(async (dataDir) => {
      const [first, second] = await Promise.all([
        bringUp(dataDir, { REDIS_URL: '' }),
        bringUp(dataDir, { REDIS_URL: '' }),
      ]);
      expect(second.redis.url).toBe(first.redis.url);
      expect([first, second].filter(({ redis }) => redis.startedHere)).toHaveLength(1);

      await first.stop();
      const client = new Redis(second.redis.url);
      await expect(client.ping()).resolves.toBe('PONG');
      client.disconnect();
      const supervisors = readSupervisors(dataDir);
      await second.stop();
      expect(supervisors.map(isAlive)).toEqual([false]);
    }));

  test('what services.json says of processes that have ended is ignored', () =>
    withTempFolder(async (dataDir) => {
      const stale = {
        key: 'redis:private',
        url: 'redis://127.0.0.1:1',
        origin: 'an earlier run',
        supervisor: '4194304:1',
        users: ['4194304:1:1'],
        extra: {},
      };
      writeFileSync(join(dataDir, 'services.json'), JSON.stringify({ services: [stale] }));
      const services = await bringUp(dataDir, { REDIS_URL: '' });
      expect(services.redis.startedHere).toBe(true);
      expect(services.redis.url).not.toBe(stale.url);
      await services.stop();
      expect(readSupervisors(dataDir)).toEqual([]);
    }));

  test('a services.json that makes no sense is ignored', () =>
    withTempFolder(async (dataDir) => {
      writeFileSync(join(dataDir, 'services.json'), '{"services": [{"key": 7}, null');
      const services = await bringUp(dataDir, {});
      expect(services.redis.startedHere).toBe(false);
      await services.stop();
    }));

  test('a wrong DATABASE_URL gives one clear line without the password', () =>
    withTempFolder(async (dataDir) => {
      const failure = bringUp(dataDir, { DATABASE_URL: UNUSED_URL }).catch((error: unknown) => error);
      const error = await failure;
      expect(error).toBeInstanceOf(ServiceError);
      const { message } = error as ServiceError;
      expect(message).toMatch(/^DATABASE_URL is .*ECONNREFUSED.*unset DATABASE_URL\.$/);
      expect(message).not.toContain('secret');
    }));

  test('when one service cannot be had, what has been started is stopped', () =>
    withTempFolder(async (dataDir) => {
      await expect(bringUp(dataDir, { DATABASE_URL: UNUSED_URL, REDIS_URL: '' })).rejects.toThrow(
        ServiceError,
      );
      const file = join(dataDir, 'services.json');
      if (existsSync(file)) expect(readSupervisors(dataDir)).toEqual([]);
    }));
});
