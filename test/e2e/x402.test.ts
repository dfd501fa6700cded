/** Deals that a scout pays for with the commit itself: an unmodified x402 client, the facilitator, the chain, the rail. */
import {
  decodePaymentRequiredHeader,
  decodePaymentResponseHeader,
  encodePaymentSignatureHeader,
} from '@x402/core/http';
import type { PaymentPayload } from '@x402/core/types';
import { ExactEvmScheme } from '@x402/evm/exact/client';
import { wrapFetchWithPayment, x402Client } from '@x402/fetch';
import type { PrivateKeyAccount } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { requestSigningBytes } from '../../domain/request-signature';
import { registerAgent, Scout } from '../../sdk';
import { checkLedger } from '../../store/ledger';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { anOffer, createMarket, post, type Market, type TestBuyer, type TestSeller } from '../support/market';
import { consentGiven } from '../support/consent';

const SETTLED_MS = 60_000;
const RECONCILED_TRIES = 40;
const FUNDS_MINOR = '10000000000';

/** A scout whose owner signs the commit; who pays for it is the x402 client's business. */
class PayingScout extends Scout {
  signed(
    sessionId: string,
    content: Record<string, unknown>,
    headers: Record<string, string> = {},
  ): [string, RequestInit] {
    const target = `/v1/sessions/${sessionId}/commit`;
    const body = JSON.stringify(content);
    const timestamp = new Date().toISOString();
    const signature = this.key.sign(requestSigningBytes({ method: 'POST', target, timestamp, body }));
    return [
      this.http.baseUrl + target,
      {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          'x-agent-id': this.agentId,
          'x-timestamp': timestamp,
          'x-signature': signature,
          ...headers,
        },
      },
    ];
  }
}

interface PayingBuyer extends TestBuyer {
  scout: PayingScout;
}

interface Answer {
  status: number;
  headers: Headers;
  json: { transaction_id?: string; error?: { code: string } };
}

describe('x402', () => {
  let env: TestEnvironment;
  let market: Market;
  beforeAll(async () => {
    const rails = ['x402', 'rtp', 'fednow'] as const;
    env = await testEnvironment({ AURA_INQUIRY_LAST_MS: '500' }, { rails });
    market = createMarket(env);
  }, 180_000);
  afterAll(() => env?.stop(), 60_000);

  const urlOf = (family: 'chain' | 'facilitator') => env.platform.sandboxes.processes.get(family)?.url ?? '';

  async function aBuyer(): Promise<PayingBuyer> {
    const principal = await market.aPrincipal('L1', 'Jane Doe');
    const { agent, key } = await registerAgent(env.http, principal, 'scout');
    const mandate = () => Promise.reject(new Error('this buyer pays with each commit'));
    return {
      principalId: principal.principal_id,
      scout: new PayingScout(env.http, agent.agent_id, key),
      mandateId: '',
      accountNumber: '',
      payer: { rail: 'x402', accountId: '', accountNumber: '', mandate },
    };
  }

  async function aWallet(): Promise<PrivateKeyAccount> {
    const wallet = privateKeyToAccount(generatePrivateKey());
    await fund(wallet.address, FUNDS_MINOR);
    return wallet;
  }

  const fund = (address: string, amountMinor: string) =>
    post(`${urlOf('chain')}/operator/fund`, { address, amountMinor });

  const clientOf = (wallet: PrivateKeyAccount) =>
    new x402Client().register('eip155:*', new ExactEvmScheme(wallet)).setSpendControls(false);

  async function anOfferOf(seller: TestSeller, buyer: PayingBuyer, price: string) {
    const { sessionId, offers } = await market.rankedSession(buyer, [[seller, [anOffer({ price })]]]);
    const [offer] = offers;
    if (!offer) throw new Error('no offer was ranked');
    return { sessionId, offerId: offer.offer_id };
  }

  const contentFor = (offerId: string, payment_method: Record<string, unknown> = { type: 'x402' }) => ({
    offer_id: offerId,
    quantity: 1,
    authority: { kind: 'owner' },
    consent: consentGiven(),
    buyer_identity: { name: 'Jane Doe', email: 'jane@example.com' },
    payment_method,
  });

  async function read(response: Response): Promise<Answer> {
    const { status, headers } = response;
    return { status, headers, json: (await response.json()) as Answer['json'] };
  }

  interface Asked {
    buyer: PayingBuyer;
    sessionId: string;
    offerId: string;
  }

  /** What the client would send after the 402, changed or not. */
  async function paymentFor({ buyer, sessionId, offerId }: Asked, wallet: PrivateKeyAccount) {
    const asked = await fetch(...buyer.scout.signed(sessionId, contentFor(offerId)));
    expect(asked.status).toBe(402);
    const required = decodePaymentRequiredHeader(asked.headers.get('payment-required') ?? '');
    return clientOf(wallet).createPaymentPayload(required);
  }

  async function commitWith({ buyer, sessionId, offerId }: Asked, payment: PaymentPayload): Promise<Answer> {
    const headers = { 'payment-signature': encodePaymentSignatureHeader(payment) };
    return read(await fetch(...buyer.scout.signed(sessionId, contentFor(offerId), headers)));
  }

  /** How often this wallet's money moved on the chain. */
  async function transfersFrom(address: string): Promise<{ amountMinor: string; transaction: string }[]> {
    const answer = await fetch(`${urlOf('chain')}/operator/transfers/${address}`);
    const { transfers } = (await answer.json()) as {
      transfers: { from: string; amountMinor: string; transaction: string }[];
    };
    return transfers.filter(({ from }) => from === address);
  }

  async function cleared(id: string, { scout }: PayingBuyer) {
    const settled = await scout.waitFor(
      id,
      ({ clearing_status }) => clearing_status === 'settled' || clearing_status === 'cleared',
      { timeoutMs: SETTLED_MS },
    );
    expect(settled.payment.proof).toMatchObject({ accepted: true });
    for (let tries = 0; tries < RECONCILED_TRIES; tries++) {
      const transaction = await scout.transaction(id);
      if (transaction.clearing_status === 'cleared') return transaction;
      await env.operator.reconcile('x402');
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    throw new Error(`${id} was not reconciled`);
  }

  async function completed(id: string, seller: TestSeller): Promise<void> {
    await seller.beacon.reportDelivery(id);
    const paid = await seller.beacon.waitFor(id, ({ payout }) => payout?.status === 'proved', {
      timeoutMs: SETTLED_MS,
    });
    expect(paid).toMatchObject({ status: 'completed', clearing_status: 'cleared' });
    expect(await checkLedger(env.db)).toMatchObject({ balanced: true });
  }

  it('pays a commit by an unmodified client, settles through the facilitator, clears, and pays out', async () => {
    const [buyer, seller, wallet] = [await aBuyer(), await market.aSeller({ rail: 'x402' }), await aWallet()];
    const { sessionId, offerId } = await anOfferOf(seller, buyer, '349.99');
    const pay = wrapFetchWithPayment(fetch, clientOf(wallet));
    const headers = { 'x-idempotency-key': `paid-${sessionId}` };
    const answer = await read(await pay(...buyer.scout.signed(sessionId, contentFor(offerId), headers)));
    expect([answer.status, answer.json.error]).toEqual([201, undefined]);
    const response = decodePaymentResponseHeader(answer.headers.get('payment-response') ?? '');
    expect(response).toMatchObject({ payer: wallet.address, amount: '349990000' });

    const id = answer.json.transaction_id ?? '';
    const { payment } = await cleared(id, buyer);
    expect(payment.rail).toBe('x402');
    expect(await transfersFrom(wallet.address)).toMatchObject([{ amountMinor: '349990000' }]);
    await completed(id, seller);
  }, 180_000);

  it('takes a payment for one deal only', async () => {
    const [buyer, seller, wallet] = [await aBuyer(), await market.aSeller({ rail: 'x402' }), await aWallet()];
    const one = { buyer, ...(await anOfferOf(seller, buyer, '20.00')) };
    const other = { buyer, ...(await anOfferOf(seller, buyer, '20.00')) };
    const payment = await paymentFor(one, wallet);
    const first = await commitWith(one, payment);
    expect(first.status).toBe(201);
    const { status, json } = await commitWith(other, payment);
    expect([status, json.error?.code]).toEqual([409, 'PAYMENT_ALREADY_USED']);
    await cleared(first.json.transaction_id ?? '', buyer);
    expect(await transfersFrom(wallet.address)).toMatchObject([{ amountMinor: '20000000' }]);
  }, 120_000);

  it('refuses a payment of another amount, and moves nothing', async () => {
    const [buyer, seller, wallet] = [await aBuyer(), await market.aSeller({ rail: 'x402' }), await aWallet()];
    const dear = { buyer, ...(await anOfferOf(seller, buyer, '20.00')) };
    const cheap = { buyer, ...(await anOfferOf(seller, buyer, '2.00')) };
    const { status, json } = await commitWith(dear, await paymentFor(cheap, wallet));
    expect([status, json.error?.code]).toEqual([402, 'PAYMENT_AMOUNT_MISMATCH']);
    expect(await transfersFrom(wallet.address)).toEqual([]);
  }, 120_000);

  it('waits for a settlement that the facilitator calls pending, and executes it once', async () => {
    const [buyer, seller, wallet] = [await aBuyer(), await market.aSeller({ rail: 'x402' }), await aWallet()];
    const deal = { buyer, ...(await anOfferOf(seller, buyer, '30.00')) };
    await post(`${urlOf('facilitator')}/operator/misbehaviours`, {
      kind: 'pending',
      on: 'settle',
      nextCount: 1,
      matching: { payer: wallet.address },
    });
    const answer = await commitWith(deal, await paymentFor(deal, wallet));
    expect([answer.status, answer.json.error]).toEqual([201, undefined]);
    await cleared(answer.json.transaction_id ?? '', buyer);
    expect(await transfersFrom(wallet.address)).toMatchObject([{ amountMinor: '30000000' }]);
    const left = await fetch(`${urlOf('facilitator')}/operator/misbehaviours`);
    expect(await left.json()).toEqual({ rules: [] });
  }, 120_000);

  it('pays a commit by a facilitator’s token, proved by the chain', async () => {
    const [buyer, seller] = [await aBuyer(), await market.aSeller({ rail: 'x402' })];
    const { sessionId, offerId } = await anOfferOf(seller, buyer, '45.50');
    const issued = (await post(`${urlOf('facilitator')}/tokens`, {
      amount: '45500000',
      payer: 'jane',
    })) as { payment_token: string; payer_address: string };
    await fund(issued.payer_address, '45500000');
    const content = contentFor(offerId, {
      type: 'x402',
      facilitator: 'sandbox',
      payment_token: issued.payment_token,
      currency: 'USD',
      amount: '45.50',
      idempotency_key: `idem-${sessionId}`,
    });
    const answer = await read(await fetch(...buyer.scout.signed(sessionId, content)));
    expect([answer.status, answer.json.error]).toEqual([201, undefined]);
    const id = answer.json.transaction_id ?? '';
    const { payment } = await cleared(id, buyer);
    const [transfer, ...others] = await transfersFrom(issued.payer_address);
    expect(others).toEqual([]);
    expect(transfer?.amountMinor).toBe('45500000');
    expect(JSON.stringify(payment)).toContain(transfer?.transaction);
    expect(JSON.stringify(payment)).not.toContain(issued.payment_token);
    await completed(id, seller);
  }, 180_000);
});
