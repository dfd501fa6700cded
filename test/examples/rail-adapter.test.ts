/**
 * The example adapter against the whole clearinghouse: a bank of its own and an adapter that shares no code with AURA
 * take over a rail, and deals clear over it, `kill -9` or not.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, Connection } from '@temporalio/client';
import { dataConverter } from '../../bin/data-converter';
import { railPayloadKeysFile } from '../../bin/keys';
import { railPortVectors } from '../../domain/rail-port';
import { generateKeyPair, createSigner } from '../../domain/keys';
import { SANDBOX_OPENING_BALANCE_MINOR } from '../../rails/sandbox/constants';
import { Beacon, Scout, type Transaction } from '../../sdk';
import { checkLedger } from '../../store/ledger';
import { CLEARING_TASK_QUEUE } from '../../workflows/messages';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { anOffer, createMarket, type Market, type TestSeller } from '../support/market';
import { describeOnServer } from '../support/on-server';

jest.setTimeout(120_000);

const FOLDER = join(__dirname, '../../examples/rail-adapter');
const ROUTING = '021000021';
const AURA_ACCOUNT = '1';
const KEY_ID = 'fednow-small-bank';
const SLOW = { timeoutMs: 60_000 };

interface Running {
  child: ChildProcess;
  ready: Record<string, string>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** Starts a program of the example; it ends with this process, and is ready when it says so. */
async function start(program: string, env: Record<string, string>): Promise<Running> {
  const child = spawn(process.execPath, [join(FOLDER, program), '--until-stdin-closes'], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4_000)));
  const line = once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>;
  const ended = exited.then(() => Promise.reject(new Error(`${program} ended: ${errors}`)));
  ended.catch(() => undefined);
  const [text] = await Promise.race([line, ended]);
  return {
    child,
    ready: JSON.parse(text) as Record<string, string>,
    async kill(signal) {
      child.kill(signal);
      await exited;
    },
  };
}

describe('what the example signs', () => {
  it('is what the vectors say', async () => {
    // In a process of its own: it is an ES module, and shares nothing with this one.
    const script = `
      import { readFileSync } from 'node:fs';
      import { canonicalJson, isSignedBy, sha256Hex, createSigner } from ${JSON.stringify(join(FOLDER, 'signing.mjs'))};
      const { vectors, pem } = JSON.parse(readFileSync(0, 'utf8'));
      console.log(JSON.stringify({
        canonical: vectors.canonical.map(({ value }) => canonicalJson(value)),
        hashes: vectors.canonical.map(({ canonical }) => sha256Hex(canonical)),
        verdicts: vectors.signatures.map((s) => isSignedBy(s.public_key, s.message, s.signature)),
        publicKey: createSigner(pem, 'k').publicKey,
      }));`;
    const vectors = railPortVectors();
    const pair = generateKeyPair();
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.end(JSON.stringify({ vectors, pem: pair.privateKeyPem }));
    let output = '';
    for await (const chunk of child.stdout) output += String(chunk);
    expect(JSON.parse(output)).toEqual({
      canonical: vectors.canonical.map(({ canonical }) => canonical),
      hashes: vectors.canonical.map(({ sha256 }) => sha256),
      verdicts: vectors.signatures.map(({ verifies }) => verifies),
      publicKey: pair.publicKey,
    });
  });

  it('needs nothing but the Temporal worker', () => {
    const { dependencies } = JSON.parse(readFileSync(join(FOLDER, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    expect(Object.keys(dependencies)).toEqual(['@temporalio/worker']);
  });
});

describeOnServer('a rail of a small bank', () => {
  let env: TestEnvironment;
  let market: Market;
  let bank: Running;
  let adapter: Running;
  let adapterEnv: Record<string, string>;
  let bankEnv: Record<string, string>;
  let numbers = 10_000;
  const folder = mkdtempSync(join(tmpdir(), 'aura-bank-'));

  beforeAll(async () => {
    env = await testEnvironment({ AURA_INSTRUCTION_TTL_MS: '8000', AURA_RAIL_MAX_DELAY_MS: '1000' });
    market = createMarket(env);
    await env.platform.processes.get('rail-fednow')?.stop();
    const pair = generateKeyPair();
    const keyFile = join(folder, 'rail-key.pem');
    writeFileSync(keyFile, pair.privateKeyPem, { mode: 0o600 });
    const { publicKey } = createSigner(pair.privateKeyPem, KEY_ID);
    await env.operator.registerRailKey({ rail: 'fednow', keyId: KEY_ID, publicKey });
    bankEnv = { BANK_PORT: String(await freePort()), BANK_JOURNAL: join(folder, 'bank.journal') };
    bank = await start('bank.mjs', bankEnv);
    await atBank('POST', '/accounts', {
      number: AURA_ACCOUNT,
      holder: 'AURA',
      balance: SANDBOX_OPENING_BALANCE_MINOR.toString(),
    });
    adapterEnv = {
      TEMPORAL_ADDRESS: process.env.TEMPORAL_ADDRESS ?? '',
      TEMPORAL_NAMESPACE: env.namespace,
      AURA_URL: env.http.baseUrl,
      AURA_PUBLIC_KEY: env.platform.auraPublicKey,
      RAIL: 'fednow',
      RAIL_KEY_ID: KEY_ID,
      RAIL_KEY_FILE: keyFile,
      RAIL_PAYLOAD_KEYS_FILE: railPayloadKeysFile(folder, 'fednow', env.platform.payloadKeys.read()),
      BANK_URL: bank.ready.url ?? '',
      BANK_ROUTING_NUMBER: ROUTING,
      BANK_AURA_ACCOUNT: AURA_ACCOUNT,
    };
    adapter = await start('adapter.mjs', adapterEnv);
  });
  afterAll(async () => {
    await adapter?.kill('SIGKILL');
    await bank?.kill('SIGKILL');
    await env?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function atBank<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${bank.ready.url}${path}`, { method, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  const balanceOf = async (number: string) =>
    (await atBank<{ balance: string }>('GET', `/accounts/${number}`)).balance;

  async function anAccount(holder: string, balance: string): Promise<string> {
    const number = String(numbers++);
    await atBank('POST', '/accounts', { number, holder, balance });
    return number;
  }

  async function aBuyer(balance: string) {
    const principal = await market.aPrincipal('L1', 'Jane Doe');
    const scout = await Scout.register(env.http, principal);
    const accountNumber = await anAccount('Jane Doe', balance);
    const account = await scout.addPaymentAccount({
      rail: 'fednow',
      routingNumber: ROUTING,
      accountNumber,
      holderName: 'Jane Doe',
    });
    const expiresAt = new Date(Date.now() + 86_400_000);
    const mandate = await scout.requestMandate({
      accountId: account.account_id,
      ceiling: '5000.00',
      expiresAt,
    });
    expect(mandate).toMatchObject({ status: 'accepted' });
    const { mandate_id: mandateId } = mandate;
    // Whoever pays over this bank gave a mandate when it joined.
    const payer = {
      rail: 'fednow' as const,
      accountId: account.account_id,
      accountNumber,
      mandate: () => Promise.resolve(mandateId),
    };
    return { principalId: principal.principal_id, scout, mandateId, accountNumber, payer };
  }

  async function aSeller(): Promise<TestSeller> {
    const principal = await market.aPrincipal('L2');
    const beacon = await Beacon.register(env.http, principal, { categories: ['electronics'] });
    const accountNumber = await anAccount(principal.name, '0');
    await beacon.addPaymentAccount({
      rail: 'fednow',
      routingNumber: ROUTING,
      accountNumber,
      holderName: principal.name,
    });
    return { principalId: principal.principal_id, beacon, accountNumber };
  }

  /** A deal over the bank, just committed; the payment is on its way. */
  async function aDeal(balance = '1000000') {
    const [buyer, seller] = [await aBuyer(balance), await aSeller()];
    const { sessionId, offers } = await market.rankedSession(buyer, [
      [seller, [anOffer({ price: '349.99' })]],
    ]);
    const commitment = market.commitment(buyer, offers[0]?.offer_id ?? '', { rail: 'fednow' });
    const transaction = await buyer.scout.commit(sessionId, commitment);
    return { buyer, seller, transaction };
  }

  const cleared = ({ buyer, transaction }: Awaited<ReturnType<typeof aDeal>>): Promise<Transaction> =>
    buyer.scout.waitFor(
      transaction.transaction_id,
      ({ clearing_status }) => clearing_status === 'cleared',
      SLOW,
    );

  /** Transfers from the buyer's account in the bank's own book. */
  async function paymentsOf(number: string): Promise<{ id: string; amount: string }[]> {
    const { entries } = await atBank<{ entries: { id: string; from: string; amount: string }[] }>(
      'GET',
      `/accounts/${number}/statement?from=1970-01-01T00:00:00Z&to=2970-01-01T00:00:00Z`,
    );
    return entries.filter(({ from }) => from === number);
  }

  async function expectPaidOnce(deal: Awaited<ReturnType<typeof aDeal>>, done: Transaction) {
    expect(await paymentsOf(deal.buyer.accountNumber)).toEqual([
      expect.objectContaining({ id: done.payment.instruction_id, amount: '34999' }),
    ]);
    expect(done.payment.proof?.checks.map(({ passed }) => passed)).toEqual([true, true, true, true, true]);
    expect((await env.operator.reconcile('fednow')).open_breaks).toBe(0);
    expect(await checkLedger(env.db)).toMatchObject({ balanced: true });
  }

  async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 30_000;
    while (!(await holds())) {
      if (Date.now() > deadline) throw new Error(`${what} did not come about`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  test('a deal clears over it, is paid out, and reconciles', async () => {
    const deal = await aDeal();
    const done = await cleared(deal);
    await expectPaidOnce(deal, done);
    await deal.seller.beacon.reportDelivery(done.transaction_id);
    const paid = await deal.seller.beacon.waitFor(
      done.transaction_id,
      ({ payout }) => payout?.status === 'proved',
      SLOW,
    );
    expect(await balanceOf(deal.seller.accountNumber)).toBe(paid.payout?.amount.replace('.', ''));
    expect((await env.operator.reconcile('fednow')).open_breaks).toBe(0);
    const proofs = env.db('proofs').where({ instruction_id: done.payment.instruction_id });
    expect(await proofs.pluck('key_id')).toEqual([KEY_ID]);
  });

  test('what the bank refuses ends the deal and costs nobody anything', async () => {
    const { buyer, transaction } = await aDeal('34998');
    const failed = await buyer.scout.waitFor(
      transaction.transaction_id,
      ({ status }) => status === 'failed',
      SLOW,
    );
    expect(failed.clearing_status).toBe('declined');
    expect(failed.failure?.details).toMatchObject({ reason: 'AM04' });
    expect(await balanceOf(buyer.accountNumber)).toBe('34998');
    expect(await checkLedger(env.db)).toMatchObject({ balanced: true });
  });

  test('kill -9 of the adapter after the bank has paid: the next one finds the payment', async () => {
    await atBank('PUT', '/operator/slowness', { afterMs: 60_000 });
    const deal = await aDeal();
    await until('the transfer', async () => (await paymentsOf(deal.buyer.accountNumber)).length === 1);
    await adapter.kill('SIGKILL');
    await atBank('PUT', '/operator/slowness', {});
    adapter = await start('adapter.mjs', adapterEnv);
    await expectPaidOnce(deal, await cleared(deal));
  });

  test('kill -9 of adapter and bank between the claim and the payment: it is paid once, anew', async () => {
    await bank.kill('SIGKILL');
    // The buyer's account is opened first, so the bank has to be there until the commit.
    bank = await start('bank.mjs', bankEnv);
    await atBank('PUT', '/operator/slowness', { beforeMs: 60_000 });
    const deal = await aDeal();
    const first = await instructionOf(deal.transaction.transaction_id);
    await until('the claim', async () => (await claimsOf(first)).length === 1);
    await Promise.all([adapter.kill('SIGKILL'), bank.kill('SIGKILL')]);
    bank = await start('bank.mjs', bankEnv);
    adapter = await start('adapter.mjs', adapterEnv);
    const done = await cleared(deal);
    expect(done.payment.instruction_id).not.toBe(first);
    expect(await claimsOf(first)).toHaveLength(1);
    await expectPaidOnce(deal, done);
  });

  test('a payment that the bank takes back is told by a notice, and reverses the deal', async () => {
    const deal = await aDeal();
    const done = await cleared(deal);
    await atBank('POST', `/transfers/${done.payment.instruction_id}/return`, { reason: 'FRAD' });
    const connection = await Connection.connect({ address: process.env.TEMPORAL_ADDRESS });
    try {
      const client = new Client({
        connection,
        namespace: env.namespace,
        dataConverter: dataConverter(env.platform.payloadKeys),
      });
      const read: unknown = await client.workflow.execute('notices', {
        workflowId: 'notices-of-the-bank',
        taskQueue: CLEARING_TASK_QUEUE,
        args: [{ rail: 'fednow' }],
      });
      expect(read).toMatchObject({ applied: 1 });
    } finally {
      await connection.close();
    }
    const reversed = await deal.buyer.scout.transaction(done.transaction_id);
    expect(reversed.clearing_status).toBe('reversed');
    expect(await balanceOf(deal.buyer.accountNumber)).toBe('1000000');
    expect((await env.operator.reconcile('fednow')).open_breaks).toBe(0);
  });

  async function instructionOf(transactionId: string): Promise<string> {
    const [id] = (await env.db('instructions').where({ subject_id: transactionId }).pluck('id')) as string[];
    return id ?? '';
  }

  const claimsOf = (id: string) =>
    env.db('transmissions').where({ instruction_id: id }).pluck('sent_by') as Promise<string[]>;
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
