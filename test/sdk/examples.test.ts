/** The SDK's examples as their reader runs them: two processes that clear a deal against a sandbox. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { describeOnServer } from '../support/on-server';

jest.setTimeout(180_000);

const ROOT = join(__dirname, '..', '..');
const RUN_MS = 120_000;

describeOnServer('the examples', () => {
  let env: TestEnvironment;
  beforeAll(async () => (env = await testEnvironment()), 180_000);
  afterAll(() => env?.stop(), 60_000);

  function start(name: 'scout' | 'beacon', ...args: string[]) {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', join('sdk', 'examples', `${name}.ts`), ...args],
      {
        cwd: ROOT,
        env: { ...process.env, AURA_URL: env.platform.apiUrl },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const output = { text: '' };
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output.text += chunk.toString('utf8')));
    return { child, output };
  }

  test.each(['--poll', '--webhook'])('clear a deal with the beacon in %s', async (mode) => {
    const beacon = start('beacon', mode);
    try {
      await until(() => /bcn_\w+ (asks|is told)/.test(beacon.output.text), beacon.output);
      const scout = start('scout');
      const code = await ended(scout.child);
      expect({ code, text: scout.output.text }).toEqual({
        code: 0,
        text: expect.stringMatching(
          /1\. Quiet One.*cleared and delivered: \d+\.\d\d USD over (rtp|fednow)/s,
        ) as string,
      });
      await until(() => /asked, and offering 2.*txn_\w+ delivered/s.test(beacon.output.text), beacon.output);
      if (mode === '--webhook') expect(beacon.output.text).toContain('order of 1 confirmed');
    } finally {
      beacon.child.kill('SIGTERM');
      expect(await ended(beacon.child)).toBe(0);
    }
    const beaconId = /bcn_\w+/.exec(beacon.output.text)?.[0];
    const deals = await env
      .db('transactions as t')
      .join('offers as o', 'o.id', 't.offer_id')
      .where('o.beacon_id', beaconId)
      .select('t.clearing_state');
    expect(deals).toEqual([{ clearing_state: 'cleared' }]);
    // The next one would wait for this beacon, which is gone.
    await env.db('agents').where({ id: beaconId }).update({ status: 'suspended' });
  });
});

async function until(holds: () => boolean, output: { text: string }): Promise<void> {
  const deadline = Date.now() + RUN_MS;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`it did not come to that: ${output.text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const timer = setTimeout(() => child.kill('SIGKILL'), RUN_MS);
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  clearTimeout(timer);
  return code;
}
