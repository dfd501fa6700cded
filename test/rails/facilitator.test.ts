/** The sandbox's x402 facilitator against the sandbox's chain: what it settles, what it refuses, and how it goes wrong. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PaymentRequirements, SettleResponse, VerifyResponse } from '@x402/core/types';
import { ExactEvmScheme } from '@x402/evm/exact/client';
import { x402Client } from '@x402/fetch';
import { createPublicClient, http, parseAbi, type Hex } from 'viem';
import { generatePrivateKey, privateKeyToAccount, type PrivateKeyAccount } from 'viem/accounts';
import { RailUnreachableError } from '../../rails/port';
import { spawnSandboxNetwork, type SandboxProcess } from '../../rails/sandbox';
import {
  createFacilitatorTokenClient,
  type FacilitatorTokenAuthorization,
  type FacilitatorTokenClient,
} from '../../rails/x402/facilitator-token';

jest.setTimeout(60_000);

const NETWORK = 'eip155:31337';
const DOMAIN = { name: 'USD Coin', version: '2' };
const usd = (cents: number): string => String(BigInt(cents) * 10_000n);
const TOKEN_ABI = parseAbi(['function balanceOf(address) view returns (uint256)']);

describe('the sandbox facilitator', () => {
  let folder: string;
  let chain: SandboxProcess;
  let facilitator: SandboxProcess;
  let payer: PrivateKeyAccount;
  let payTo: Hex;
  let token: Hex;
  const settings = (): Record<string, string> => ({
    rpcUrl: chain.url,
    token: chain.info.token ?? '',
    privateKey: chain.info.facilitatorKey ?? '',
    payTo,
    pendingMs: '700',
  });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aura-facilitator-'));
    chain = await spawnSandboxNetwork({ family: 'chain', dataDir: folder, settings: { blockMs: '100' } });
    payTo = privateKeyToAccount(chain.info.auraX402Key as Hex).address;
    token = (chain.info.token ?? '').split(':').pop() as Hex;
    facilitator = await startFacilitator();
  });
  afterAll(async () => {
    await facilitator?.stop();
    await chain?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await call('DELETE', '/operator/misbehaviours');
    payer = await aPayer(usd(10_000_000));
  });

  function startFacilitator(port?: number): Promise<SandboxProcess> {
    return spawnSandboxNetwork({ family: 'facilitator', dataDir: folder, port, settings: settings() });
  }

  async function aPayer(amount: string): Promise<PrivateKeyAccount> {
    const account = privateKeyToAccount(generatePrivateKey());
    await fund(account.address, amount);
    return account;
  }

  async function fund(address: Hex, amountMinor: string): Promise<void> {
    const answer = await fetch(`${chain.url}/operator/fund`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ address, amountMinor }),
    });
    if (!answer.ok) throw new Error(await answer.text());
  }

  async function call<T>(method: string, path: string, body?: unknown): Promise<{ status: number; json: T }> {
    const answer = await fetch(facilitator.url + path, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, json: (text.startsWith('{') ? JSON.parse(text) : text) as T };
  }

  const settle = (question: unknown) => call<SettleResponse>('POST', '/settle', question);
  const verify = (question: unknown) => call<VerifyResponse>('POST', '/verify', question);
  const misbehave = (kind: string, more: Record<string, unknown> = {}) =>
    call('POST', '/operator/misbehaviours', { kind, nextCount: 1, ...more });

  /** What an x402 client signs for these requirements, asked of the facilitator as a resource server would. */
  async function aQuestion(
    amount: string,
    more: Partial<PaymentRequirements> = {},
    from: PrivateKeyAccount = payer,
  ) {
    const paymentRequirements: PaymentRequirements = {
      scheme: 'exact',
      network: NETWORK,
      asset: token,
      amount,
      payTo,
      maxTimeoutSeconds: 600,
      extra: DOMAIN,
      ...more,
    };
    const client = new x402Client().register('eip155:*', new ExactEvmScheme(from)).setSpendControls(false);
    const paymentPayload = await client.createPaymentPayload({
      x402Version: 2,
      resource: { url: 'https://aura.test/v1/sessions/ses_1/commit' },
      accepts: [paymentRequirements],
    });
    return { x402Version: 2, paymentPayload, paymentRequirements };
  }

  async function balanceOf(address: Hex): Promise<bigint> {
    const client = createPublicClient({ transport: http(chain.url), cacheTime: 0 });
    return client.readContract({
      address: token,
      abi: TOKEN_ABI,
      functionName: 'balanceOf',
      args: [address],
    });
  }

  /** How often the payer's money moved to AURA. */
  async function paymentsBy(address: Hex): Promise<{ transaction: string; amountMinor: string }[]> {
    const answer = await fetch(`${chain.url}/operator/transfers/${address}`);
    const { transfers } = (await answer.json()) as {
      transfers: { from: string; to: string; transaction: string; amountMinor: string }[];
    };
    return transfers.filter(({ from, to }) => from === address && to === payTo);
  }

  async function untilPaid(address: Hex): Promise<{ transaction: string }[]> {
    const deadline = Date.now() + 15_000;
    for (;;) {
      const found = await paymentsBy(address);
      if (found.length > 0 || Date.now() > deadline) return found;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  test('says what it supports', async () => {
    const { json } = await call('GET', '/supported');
    expect(json).toEqual({
      kinds: [{ x402Version: 2, scheme: 'exact', network: NETWORK }],
      extensions: ['payment-identifier'],
      signers: { 'eip155:*': [facilitator.info.address] },
    });
  });

  test('verifies, settles on the chain, and settles the same payment once however often it is asked', async () => {
    const question = await aQuestion(usd(38_149));
    const before = await balanceOf(payTo);
    expect((await verify(question)).json).toMatchObject({ isValid: true, payer: payer.address });
    const [first, second] = await Promise.all([settle(question), settle(question)]);
    expect(first.json).toMatchObject({ success: true, network: NETWORK, payer: payer.address });
    expect(second.json.transaction).toBe(first.json.transaction);
    expect((await settle(question)).json).toEqual(first.json);
    expect((await balanceOf(payTo)) - before).toBe(381_490_000n);
    expect(await paymentsBy(payer.address)).toHaveLength(1);
    expect((await verify(question)).json.invalidReason).toBe('invalid_exact_evm_nonce_already_used');
  });

  test('remembers across kill -9 what it has sent', async () => {
    const question = await aQuestion(usd(1_250));
    const { json: first } = await settle(question);
    const { port } = facilitator;
    await facilitator.kill();
    facilitator = await startFacilitator(port);
    expect((await settle(question)).json).toEqual(first);
    expect(await paymentsBy(payer.address)).toHaveLength(1);
  });

  describe('refuses', () => {
    test.each<[string, Partial<PaymentRequirements>, string]>([
      ['another network', { network: 'eip155:1' }, 'invalid_network'],
      ['another scheme', { scheme: 'upto' }, 'unsupported_scheme'],
      ['another token', { asset: `0x${'11'.repeat(20)}` }, 'invalid_payment_requirements'],
      ['another payee', { payTo: `0x${'22'.repeat(20)}` }, 'invalid_exact_evm_recipient_mismatch'],
      ['another amount', { amount: usd(999) }, 'invalid_exact_evm_payload_authorization_value_mismatch'],
      ['another domain', { extra: { name: 'USDC', version: '2' } }, 'invalid_exact_evm_signature'],
    ])('%s than the payer signed for', async (_what, change, reason) => {
      const signed = await aQuestion(usd(1_000));
      const question = { ...signed, paymentRequirements: { ...signed.paymentRequirements, ...change } };
      expect((await verify(question)).json).toMatchObject({ isValid: false, invalidReason: reason });
      expect((await settle(question)).json).toMatchObject({
        success: false,
        errorReason: reason,
        transaction: '',
      });
      expect(await paymentsBy(payer.address)).toHaveLength(0);
    });

    test('a payer without the money', async () => {
      const poor = await aPayer(usd(1));
      const question = await aQuestion(usd(1_000), {}, poor);
      const reason = 'invalid_exact_evm_insufficient_balance';
      expect((await verify(question)).json.invalidReason).toBe(reason);
      expect((await settle(question)).json.errorReason).toBe(reason);
    });

    test('an authorization that has run out, and what is no payment', async () => {
      const late = await aQuestion(usd(1_000), { maxTimeoutSeconds: 1 });
      expect((await settle(late)).json.errorReason).toBe(
        'invalid_exact_evm_payload_authorization_valid_before',
      );
      expect(await settle({ x402Version: 2 })).toMatchObject({
        status: 400,
        json: { errorReason: 'invalid_payload' },
      });
    });

    test('a payment identifier that stands for another payment', async () => {
      const identified = async () => {
        const question = await aQuestion(usd(1_000));
        const extensions = {
          'payment-identifier': { info: { required: false, id: `pay_${payer.address}` } },
        };
        return { ...question, paymentPayload: { ...question.paymentPayload, extensions } };
      };
      const first = await identified();
      expect((await settle(first)).json.success).toBe(true);
      expect((await settle(first)).json.success).toBe(true);
      expect((await settle(await identified())).status).toBe(409);
      expect(await paymentsBy(payer.address)).toHaveLength(1);
    });
  });

  describe('goes wrong on demand:', () => {
    test('an amount of 66.17 is pending with its hash, and confirms later', async () => {
      const question = await aQuestion(usd(106_617));
      const { json } = await settle(question);
      expect(json).toMatchObject({ success: false, errorReason: 'settlement_pending' });
      expect(json.transaction).toMatch(/^0x[0-9a-f]{64}$/);
      expect(await paymentsBy(payer.address)).toHaveLength(0);
      expect(await untilPaid(payer.address)).toMatchObject([{ transaction: json.transaction }]);
      expect((await settle(question)).json).toMatchObject({ success: true, transaction: json.transaction });
    });

    test('pending_then_rejected names a transaction that never comes, and stands in no one’s way', async () => {
      await misbehave('pending_then_rejected');
      const question = await aQuestion(usd(1_000));
      const { json } = await settle(question);
      expect(json.errorReason).toBe('settlement_pending');
      expect((await settle(question)).json).toMatchObject({
        success: false,
        errorReason: 'invalid_transaction_state',
        transaction: json.transaction,
      });
      expect((await settle(await aQuestion(usd(2_000)))).json.success).toBe(true);
      expect(await paymentsBy(payer.address)).toMatchObject([{ amountMinor: usd(2_000) }]);
    });

    test.each(['execute_then_disconnect', 'execute_then_fail', 'garbage', 'wrong_transaction'])(
      '%s leaves a payment that asking again finds',
      async (kind) => {
        await misbehave(kind);
        const question = await aQuestion(usd(1_000));
        const answer = await settle(question).catch(() => undefined);
        const [paid] = await untilPaid(payer.address);
        expect({ ...answer?.json }).not.toMatchObject({ success: true, transaction: paid?.transaction });
        expect((await settle(question)).json).toMatchObject({
          success: true,
          transaction: paid?.transaction,
        });
        expect(await paymentsBy(payer.address)).toHaveLength(1);
      },
    );

    test('execute_then_time_out executes and says nothing', async () => {
      await misbehave('execute_then_time_out');
      const question = await aQuestion(usd(1_000));
      const lost = fetch(`${facilitator.url}/settle`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(question),
        signal: AbortSignal.timeout(1_500),
      });
      await expect(lost).rejects.toThrow(/timeout/);
      expect(await untilPaid(payer.address)).toHaveLength(1);
    });

    test.each(['fail', 'claim_without_executing'])('%s executes nothing', async (kind) => {
      await misbehave(kind);
      const { status, json } = await settle(await aQuestion(usd(1_000)));
      expect([status, json.success]).toEqual(kind === 'fail' ? [500, undefined] : [200, true]);
      expect(await paymentsBy(payer.address)).toHaveLength(0);
    });

    test('duplicate sends a second transaction, which moves nothing', async () => {
      await misbehave('duplicate');
      expect((await settle(await aQuestion(usd(1_000)))).json.success).toBe(true);
      await settle(await aQuestion(usd(3_000)));
      expect((await paymentsBy(payer.address)).map(({ amountMinor }) => amountMinor)).toEqual([
        usd(1_000),
        usd(3_000),
      ]);
    });

    test('a refusal by rule gives the reason that was asked for', async () => {
      await misbehave('refuse', { on: 'verify', reason: 'insufficient_funds' });
      await misbehave('refuse', { on: 'settle', reason: 'invalid_transaction_state' });
      const question = await aQuestion(usd(1_000));
      expect((await verify(question)).json.invalidReason).toBe('insufficient_funds');
      expect((await settle(question)).json.errorReason).toBe('invalid_transaction_state');
      expect((await settle(question)).json.success).toBe(true);
    });
  });

  describe('by payment token', () => {
    let client: FacilitatorTokenClient;
    let keys = 0;
    beforeAll(() => {
      client = createFacilitatorTokenClient({ facilitatorUrl: facilitator.url, timeoutMs: 5_000 });
    });
    afterAll(() => client?.close());

    async function aToken(amount: string, more: Record<string, unknown> = {}, funds = amount) {
      const customer = `customer-${(keys += 1)}`;
      const { json } = await call<{ payment_token: string; payer_address: Hex }>('POST', '/tokens', {
        amount,
        payer: customer,
        ...more,
      });
      await fund(json.payer_address, funds);
      const authorization: FacilitatorTokenAuthorization = {
        form: 'facilitator_token',
        facilitator: facilitator.url,
        payment_token: json.payment_token,
        amount,
        idempotency_key: `idem_${customer}`,
      };
      return { authorization, payerAddress: json.payer_address };
    }

    test('pays AURA on the chain, once for each idempotency key', async () => {
      const { authorization, payerAddress } = await aToken(usd(38_149));
      expect(await client.inquire(authorization)).toEqual({ outcome: 'not_found' });
      const [first, second] = await Promise.all([client.pay(authorization), client.pay(authorization)]);
      expect(first).toMatchObject({
        outcome: 'settled',
        payment: { amount: usd(38_149), payer: payerAddress, pay_to: payTo, network: NETWORK },
      });
      expect(second).toEqual(first);
      expect(await client.inquire(authorization)).toEqual(first);
      expect(await paymentsBy(payerAddress)).toHaveLength(1);
    });

    test.each([
      ['the wrong amount', { amount: usd(5) }, 'amount_mismatch'],
      ['an unknown token', { payment_token: 'pm_tok_unknown' }, 'token_unknown'],
    ])('refuses %s', async (_what, change, code) => {
      const { authorization, payerAddress } = await aToken(usd(1_000));
      expect(await client.pay({ ...authorization, ...change })).toMatchObject({ outcome: 'refused', code });
      expect(await paymentsBy(payerAddress)).toHaveLength(0);
    });

    test('refuses a used token, a key that paid for something else, and an expired token', async () => {
      const { authorization } = await aToken(usd(1_000));
      await client.pay(authorization);
      const again = { ...authorization, idempotency_key: `${authorization.idempotency_key}-again` };
      expect(await client.pay(again)).toMatchObject({ outcome: 'refused', code: 'token_used' });
      const { authorization: other } = await aToken(usd(2_000));
      const conflicting = { ...other, idempotency_key: authorization.idempotency_key };
      expect(await client.pay(conflicting)).toMatchObject({
        outcome: 'refused',
        code: 'idempotency_conflict',
      });
      const { authorization: late } = await aToken(usd(1_000), { expiresInMs: 1 });
      expect(await client.pay(late)).toMatchObject({ outcome: 'refused', code: 'token_expired' });
    });

    test('a payment that lacked the money never executes later', async () => {
      const { authorization, payerAddress } = await aToken(usd(1_000), {}, '1');
      const refused = { outcome: 'refused', code: 'insufficient_funds' };
      expect(await client.pay(authorization)).toMatchObject(refused);
      await fund(payerAddress, usd(1_000));
      expect(await client.pay(authorization)).toMatchObject(refused);
      expect(await client.inquire(authorization)).toMatchObject({ outcome: 'refused' });
      expect(await paymentsBy(payerAddress)).toHaveLength(0);
    });

    test('an answer that was lost is unknown until it is asked for', async () => {
      await misbehave('execute_then_fail', { on: 'payment' });
      const { authorization, payerAddress } = await aToken(usd(1_000));
      expect((await client.pay(authorization)).outcome).toBe('unknown');
      expect((await client.inquire(authorization)).outcome).toBe('settled');
      expect(await paymentsBy(payerAddress)).toHaveLength(1);
    });

    test('a facilitator that cannot be reached has been sent nothing', async () => {
      const nobody = createFacilitatorTokenClient({ facilitatorUrl: 'http://127.0.0.1:1', timeoutMs: 1_000 });
      const { authorization } = await aToken(usd(1_000));
      await expect(nobody.pay(authorization)).rejects.toThrow(RailUnreachableError);
      await nobody.close();
    });
  });
});
