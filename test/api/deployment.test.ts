/** Processes that find the other kind of database: they end before they have done anything, with one line. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../bin/config';
import { keyFile, secretFile, keyRingFile } from '../../bin/keys';
import { setUp } from '../../bin/setup';
import type { Deployment } from '../../domain/api-keys';
import { checkDeployment, claimDeployment } from '../../store/deployment';
import { describeWithDatabase } from '../support/database';

jest.setTimeout(60_000);

describeWithDatabase('a database that is set up', (database) => {
  const folder = mkdtempSync(join(tmpdir(), 'aura-deployment-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const environment = (deployment: Deployment) => ({
    DATABASE_URL: database().url,
    REDIS_URL: process.env.REDIS_URL ?? '',
    TEMPORAL_ADDRESS: process.env.TEMPORAL_ADDRESS ?? '',
    AURA_SIGNING_KEY_FILE: keyFile(folder, 'aura').path,
    AURA_API_SECRET_FILE: secretFile(folder, 'api-secret'),
    AURA_DATA_KEYS_FILE: keyRingFile(folder, 'data-keys'),
    AURA_PAYLOAD_KEYS_FILE: keyRingFile(folder, 'payload-keys'),
    AURA_SANDBOX: String(deployment === 'sandbox'),
    PORT: '0',
  });

  function run(
    entry: string,
    deployment: Deployment,
  ): Promise<{ code: unknown; stdout: string; stderr: string }> {
    const env = { ...process.env, ...environment(deployment) };
    const root = join(__dirname, '..', '..');
    return new Promise((resolve) => {
      const args = ['--import', 'tsx', join(root, 'bin', `${entry}.ts`)];
      execFile(process.execPath, args, { cwd: root, env, timeout: 40_000 }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, stdout, stderr }),
      );
    });
  }

  it.each(['api', 'worker', 'migrate'])('as a sandbox lets no live %s start', async (entry) => {
    await claimDeployment(database().db, 'sandbox');
    const { code, stdout, stderr } = await run(entry, 'live');
    expect([code, stdout]).toEqual([1, '']);
    const lines = stderr
      .trim()
      .split('\n')
      .filter((line) => !line.includes('Warning'));
    expect(lines).toEqual([expect.stringMatching(/^DATABASE_URL is a sandbox database.*AURA_SANDBOX/)]);
  });

  it('as a sandbox refuses to be set up as live', async () => {
    await claimDeployment(database().db, 'sandbox');
    await expect(setUp(readConfig('setup', environment('live')))).rejects.toThrow(/never meet/);
  });
});

describeWithDatabase('a database', (database) => {
  it('is a sandbox’s or a live one, and stays so', async () => {
    const { db } = database();
    await expect(checkDeployment(db, 'live')).rejects.toThrow(/run migrate first/);
    await claimDeployment(db, 'sandbox');
    await claimDeployment(db, 'sandbox');
    await checkDeployment(db, 'sandbox');
    await expect(checkDeployment(db, 'live')).rejects.toThrow(
      /^DATABASE_URL is a sandbox database.*never meet$/,
    );
    await expect(claimDeployment(db, 'live')).rejects.toThrow(/never meet/);
    await expect(db.raw("UPDATE deployment SET environment = 'live'")).rejects.toThrow(/append-only/);
    await expect(db.raw("INSERT INTO deployment VALUES (false, 'live')")).rejects.toThrow(/check/);
  });
});
