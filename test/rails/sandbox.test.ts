import { appendFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import type { RailAnswer, StatementLine } from '../../domain/settlement';
import { MAGIC_AMOUNTS, SANDBOX_OPENING_BALANCE_MINOR } from '../../rails/sandbox';
import { createMisbehaviour } from '../../rails/sandbox/misbehaviour';
import { createInstantHarness, type RailHarness } from '../support/rail-harness';
import { startSandboxForTest, type SandboxUnderTest } from '../support/sandbox-network';

describe('magic amounts', () => {
  let rail: RailHarness;
  beforeAll(async () => {
    rail = await createInstantHarness('rtp');
  });
  afterAll(() => rail?.stop());

  const submit = async (ending: number): Promise<RailAnswer> => {
    const neverAnswers = MAGIC_AMOUNTS[ending]?.endsWith('time_out');
    const adapter = neverAnswers ? rail.impatient : rail.adapter;
    return adapter.submit(await rail.instruct('payout', { amount_minor: String(10_000 + ending) }));
  };

  const rejections = Object.entries(MAGIC_AMOUNTS).filter(([, kind]) => kind.startsWith('reject_'));
  it.each(rejections)('%s: %s', async (ending, kind) => {
    expect(await submit(Number(ending))).toMatchObject({
      outcome: 'rejected',
      reason: kind.slice('reject_'.length),
    });
  });

  it.each([
    [6611, 'executed'],
    [6612, 'unknown'],
    [6613, 'unknown'],
    [6614, 'executed'],
    [6615, 'executed'],
    [6616, 'unknown'],
    [6617, 'pending'],
    [6618, 'pending'],
    [6619, 'unknown'],
    [6620, 'unknown'],
    [6621, 'unknown'],
    [6622, 'unknown'],
    [6625, 'executed'],
    [6626, 'executed'],
  ])('an amount ending in %s is %s', async (ending, outcome) => {
    expect(await submit(ending)).toMatchObject({ outcome });
  });

  it('books twice and shows both lines', async () => {
    const signed = await rail.instruct('payout', { amount_minor: '16614' });
    const before = await rail.balanceMinor();
    const answer = await rail.adapter.submit(signed);
    if (answer.outcome !== 'executed') throw new Error(answer.outcome);
    expect(answer.lines).toHaveLength(2);
    expect(new Set(answer.lines.map(({ reference }) => reference)).size).toBe(2);
    expect(await rail.balanceMinor()).toBe(before - 2n * 16_614n);
  });

  it('leaves lines out of the statement, changes and repeats them', async () => {
    const from = new Date(Date.now() + 2).toISOString();
    await new Promise((resolve) => setTimeout(resolve, 5));
    for (const ending of [6626, 6627, 6628]) await submit(ending);
    const statement = await rail.adapter.statement({ from, to: new Date(Date.now() + 60_000).toISOString() });
    const lines: StatementLine[] = [];
    for await (const line of statement.lines) lines.push(line);
    expect(lines.map(({ amount_minor: amount }) => amount)).toEqual(['16527', '16628', '16628']);
    expect(statement.openingMinor - statement.closingMinor).toBe(16_626n + 16_627n + 16_628n);
  });

  it('refuses mandates and returns', async () => {
    const account = await rail.anAccount();
    await expect(rail.aMandate(account, { ceilingMinor: 16_623n })).rejects.toThrow('CUST');
    const signed = await rail.instruct('payout', { amount_minor: '16624' });
    await rail.adapter.submit(signed);
    expect(await rail.adapter.reverse(signed)).toMatchObject({ outcome: 'rejected', reason: 'CUST' });
  });
});

describe('a long statement', () => {
  it('comes in pages that together are complete', async () => {
    const sandboxed = await createInstantHarness('fednow');
    try {
      const payer = await sandboxed.anAccount();
      const signed = [];
      const count = 1_050;
      for (let index = 0; index < count; index += 1) {
        signed.push(
          await sandboxed.instruct('payout', { creditor: { account_ref: payer }, amount_minor: '1' }),
        );
      }
      for (let start = 0; start < count; start += 50) {
        const answers = await Promise.all(
          signed.slice(start, start + 50).map((one) => sandboxed.adapter.submit(one)),
        );
        expect(answers.every(({ outcome }) => outcome === 'executed')).toBe(true);
      }
      const to = new Date(Date.now() + 60_000).toISOString();
      const statement = await sandboxed.adapter.statement({ from: '2020-01-01T00:00:00Z', to });
      const ids = new Set<string | null>();
      for await (const line of statement.lines) ids.add(line.instruction_id);
      expect(ids).toEqual(new Set(signed.map(({ instruction }) => instruction.instruction_id)));
      expect(statement.openingMinor).toBe(SANDBOX_OPENING_BALANCE_MINOR);
      expect(statement.openingMinor - statement.closingMinor).toBe(BigInt(count));
    } finally {
      await sandboxed.stop();
    }
  });
});

describe('the journal', () => {
  it('loses nothing and books nothing twice, however often the network is killed', async () => {
    const rail = await createInstantHarness('fednow');
    try {
      const account = await rail.anAccount({ balanceMinor: 100_000n });
      const debtor = {
        account_ref: account,
        mandate_ref: await rail.aMandate(account, { ceilingMinor: 100_000n }),
      };
      const signed = await Promise.all(
        Array.from({ length: 30 }, () => rail.instruct('pay_in', { debtor, amount_minor: '100' })),
      );
      for (let round = 0; round < 3; round += 1) {
        const batch = signed
          .slice(round * 10, round * 10 + 10)
          .map((one) => rail.adapter.submit(one).catch(() => undefined));
        // Killed while it books.
        await new Promise((resolve) => setTimeout(resolve, 3 * round));
        await rail.crashNetwork();
        await Promise.all(batch);
      }
      const outcomes = [];
      for (const one of signed) outcomes.push(await rail.adapter.inquire(one));
      const count = outcomes.filter(({ outcome }) => outcome === 'executed').length;
      expect(outcomes.every(({ outcome }) => outcome === 'executed' || outcome === 'not_found')).toBe(true);
      expect(await rail.balanceMinor(account)).toBe(100_000n - 100n * BigInt(count));
      expect(await rail.balanceMinor()).toBe(SANDBOX_OPENING_BALANCE_MINOR + 100n * BigInt(count));
      const answers = [];
      for (const one of signed) answers.push(await rail.adapter.submit(one));
      expect(answers.every(({ outcome }) => outcome === 'executed')).toBe(true);
      expect(await rail.balanceMinor(account)).toBe(100_000n - 3_000n);
    } finally {
      await rail.stop();
    }
  });

  it('drops a last line that was cut short, and refuses to start on damage before it', async () => {
    const sandbox = await startSandboxForTest();
    const journal = join(sandbox.dataDir, 'rtp', 'journal.jsonl');
    const intact = await readFile(journal, 'utf8');
    await appendFile(journal, '{"type":"transfer_set');
    await sandbox.crashAndRestart();
    expect(await readFile(journal, 'utf8')).toBe(intact);
    expect(await sandbox.operator('rtp').balanceMinor()).toBe(SANDBOX_OPENING_BALANCE_MINOR);
    await writeFile(journal, `broken\n${intact}`);
    await expect(sandbox.crashAndRestart()).rejects.toThrow('did not start');
    await writeFile(journal, intact);
    await sandbox.crashAndRestart();
    await sandbox.stop();
  });
});

describe('a network and strangers', () => {
  let sandbox: SandboxUnderTest;
  beforeAll(async () => {
    sandbox = await startSandboxForTest();
  });
  afterAll(() => sandbox?.stop());

  const post = async (path: string, body: string | Buffer, headers: Record<string, string> = {}) => {
    const answer = await request(`${sandbox.url()}${path}`, { method: 'POST', body, headers });
    await answer.body.dump();
    return answer.statusCode;
  };
  const xml = { 'content-type': 'application/xml' };

  it('answers garbage with an error and lives on', async () => {
    expect(await post('/rtp/messages', '<Document/>', xml)).toBe(401);
    expect(await post('/rtp/messages', '<Document/>', { ...xml, 'x-key-id': 'k', 'x-signature': 'zz' })).toBe(
      401,
    );
    expect(await post('/rtp/messages', '{}', { 'content-type': 'application/json' })).toBe(415);
    expect(await post('/rtp/messages', Buffer.alloc(300_000, 'x'), xml)).toBe(413);
    expect(await post('/swift/messages', 'x', xml)).toBe(404);
    expect(await post('/rtp/operator/accounts', '{"a":', { 'content-type': 'application/json' })).toBe(400);
    expect(
      await post('/rtp/operator/accounts', '{"balanceMinor":1.5}', { 'content-type': 'application/json' }),
    ).toBe(400);
    expect(await post('/rtp/operator/__proto__', '{}', { 'content-type': 'application/json' })).toBe(404);
    expect(await post('/%ff', 'x')).toBe(400);
    expect(await sandbox.operator('rtp').balanceMinor()).toBe(SANDBOX_OPENING_BALANCE_MINOR);
  });

  it('keeps its key to itself and over restarts', async () => {
    const keys = sandbox.keys();
    expect(keys.rtp).not.toBe(keys.fednow);
    const { mode } = await stat(join(sandbox.dataDir, 'rtp', 'network-key.pem'));
    expect(mode & 0o777).toBe(0o600);
    await sandbox.crashAndRestart();
    expect(sandbox.keys()).toEqual(keys);
  });

  it('trusts the first participant key and no other unless told so', async () => {
    const operator = sandbox.operator('fednow');
    const { rtp: first = '', fednow: second = '' } = sandbox.keys();
    await operator.register('k1', first);
    expect((await operator.call('PUT', 'participant', { keyId: 'k2', publicKey: second })).status).toBe(409);
    expect(
      (await operator.call('PUT', 'participant', { keyId: 'k2', publicKey: second, replace: true })).status,
    ).toBe(201);
    expect((await operator.call('PUT', 'participant', { keyId: 'k3', publicKey: 'AAAA' })).status).toBe(400);
  });

  it('lets the operator send money unasked and invent a line', async () => {
    const operator = sandbox.operator('rtp');
    const payer = { holderName: 'A stranger', routingNumber: '990000200', accountNumber: '77', asset: 'USD' };
    await operator.open(payer, 500n);
    const from = { routingNumber: payer.routingNumber, accountNumber: payer.accountNumber };
    expect((await operator.call('POST', 'transfers', { from, amountMinor: '300' })).status).toBe(201);
    expect((await operator.call('POST', 'transfers', { from, amountMinor: '300' })).status).toBe(409);
    expect(await operator.balanceMinor()).toBe(SANDBOX_OPENING_BALANCE_MINOR + 300n);
    const line = { action: 'add', direction: 'debit', amountMinor: '5' };
    expect((await operator.call('POST', 'statement/tamper', line)).status).toBe(201);
  });
});

describe('misbehaviour at a rate', () => {
  it('is the same for the same seed', () => {
    const run = (seed: number) => {
      const misbehaviour = createMisbehaviour(seed);
      misbehaviour.add({ kind: 'time_out', on: 'transfer', rateBps: 2_000 });
      return Array.from({ length: 1_000 }, () => misbehaviour.choose({ occasion: 'transfer' }));
    };
    expect(run(7)).toEqual(run(7));
    expect(run(7)).not.toEqual(run(8));
    const hits = run(7).filter(Boolean).length;
    expect(hits).toBeGreaterThan(150);
    expect(hits).toBeLessThan(250);
  });

  it('ends after the count that was asked for, and hits only what matches', () => {
    const misbehaviour = createMisbehaviour(1);
    misbehaviour.add({ kind: 'fail', on: 'transfer', nextCount: 2, matching: { accountNumber: '1' } });
    const choose = (accountNumber: string) =>
      misbehaviour.choose({ occasion: 'transfer', accountNumbers: [accountNumber] });
    expect([choose('2'), choose('1'), choose('1'), choose('1')]).toEqual([
      undefined,
      'fail',
      'fail',
      undefined,
    ]);
  });
});
