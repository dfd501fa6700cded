/** Pay-ins by a facilitator's token: the facilitator names a transaction, the chain proves it. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { newId } from '../../domain/ids';
import { SANDBOX_USDC } from '../../domain/rail-terms';
import type { RailAnswer, SignedInstruction } from '../../domain/settlement';
import { verifyChainEvidence } from '../../rails/chain';
import {
  RailUnreachableError,
  type FacilitatorTokenAuthorization,
  type PartyDirectory,
  type RailAdapter,
} from '../../rails/port';
import { executed } from '../contract/expectations';
import { createChainHarness, type ChainHarness } from '../support/chain-harness';
import { X402, type ChainRailUnderTest } from '../support/chain-rails';

jest.setTimeout(60_000);

const AMOUNT = '34990';
const MAX_INQUIRIES = 60;

let rail: ChainHarness;
let facilitatorUrl: string;
let adapter: RailAdapter;
let directory: PartyDirectory;
const tokens = new Map<string, FacilitatorTokenAuthorization>();
const liars: Server[] = [];

beforeAll(async () => {
  const under: ChainRailUnderTest = {
    ...X402,
    async start(chain) {
      const facilitator = await X402.start?.(chain);
      if (!facilitator) throw new Error('x402 needs a facilitator');
      facilitatorUrl = facilitator.facilitatorUrl;
      return facilitator;
    },
  };
  rail = await createChainHarness(under);
  const { status } = await rail.facilitatorOperator.call('PUT', 'pay-to', { payTo: rail.auraAddress });
  expect(status).toBe(200);
  const known = rail.directory;
  directory = {
    ...known,
    authorization: async (ref) => tokens.get(ref) ?? known.authorization(ref),
  };
  adapter = rail.anotherAdapter({ directory });
}, 120_000);
afterAll(async () => {
  for (const liar of liars) liar.close();
  await adapter?.close();
  await rail?.stop();
});

let customers = 0;

interface TokenPayIn {
  signed: SignedInstruction;
  token: FacilitatorTokenAuthorization;
  payer: string;
}

/** A pay-in whose mandate carries a token of the facilitator's, or of another one with another content. */
async function aTokenPayIn(
  change: Partial<FacilitatorTokenAuthorization> = {},
  { fundsMinor = AMOUNT, expiresInMs = 60_000 } = {},
): Promise<TokenPayIn> {
  customers += 1;
  const issued = await fetch(`${facilitatorUrl}/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ amount: AMOUNT, payer: `customer-${customers}` }),
  });
  const { payment_token, payer_address: payer } = (await issued.json()) as Record<string, string>;
  if (!payment_token || !payer) throw new Error('no token was issued');
  await rail.operator.call('POST', 'fund', { address: payer, amountMinor: fundsMinor });
  const token: FacilitatorTokenAuthorization = {
    form: 'facilitator_token',
    facilitator: facilitatorUrl,
    payment_token,
    amount: AMOUNT,
    idempotency_key: `idem-${customers}`,
    ...change,
  };
  const mandate_ref = newId('mandate');
  const account_ref = newId('paymentAccount');
  tokens.set(mandate_ref, token);
  rail.directory.addMandate(mandate_ref, {
    reference: `tok_${customers}`,
    account: await rail.directory.account(await rail.anAccount()),
  });
  const signed = await rail.instruct('pay_in', {
    amount_minor: AMOUNT,
    debtor: { account_ref, mandate_ref },
    expires_at: new Date(Date.now() + expiresInMs).toISOString(),
  });
  return { signed, token, payer };
}

async function misbehave(kind: string, rule: Record<string, unknown> = {}) {
  const asked = { kind, on: 'payment', nextCount: 1, ...rule };
  expect((await rail.facilitatorOperator.call('POST', 'misbehaviours', asked)).status).toBe(201);
}

async function conclude({ signed }: TokenPayIn, by = adapter): Promise<RailAnswer> {
  for (let asked = 0; asked < MAX_INQUIRIES; asked += 1) {
    await rail.mine(12);
    const answer = await by.inquire(signed);
    if (answer.outcome !== 'pending') return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it stays pending');
}

async function paymentsBy(payer: string): Promise<{ transaction: string; amountMinor: string }[]> {
  const { body } = await rail.operator.call('GET', `transfers/${payer}`);
  const { transfers } = body as {
    transfers: { from: string; to: string; transaction: string; amountMinor: string }[];
  };
  return transfers.filter(({ from, to }) => from === payer && to === rail.auraAddress);
}

it('is paid by the facilitator and proved by the chain, twelve blocks deep', async () => {
  const payIn = await aTokenPayIn();
  expect(await adapter.submit(payIn.signed)).toMatchObject({ outcome: 'pending', progress: { done: 0 } });
  expect(await adapter.submit(payIn.signed)).toMatchObject({ outcome: 'pending', progress: { of: 12 } });
  const { proof } = executed(await conclude(payIn));
  const [payment, ...others] = await paymentsBy(payIn.payer);
  expect(others).toEqual([]);
  expect(proof.statement).toMatchObject({
    instruction_id: payIn.signed.instruction.instruction_id,
    reference: payment?.transaction,
    amount_minor: AMOUNT,
    evidence_format: 'x402:v2+evm:receipt',
  });
  expect(proof.evidence).not.toContain(payIn.token.payment_token);
  const expected = { from: payIn.payer as `0x${string}`, to: rail.auraAddress };
  expect(await verifyChainEvidence(proof, rail.rpcUrl(), SANDBOX_USDC, expected)).toEqual([]);
});

it('has its instruction on the statement', async () => {
  const payIn = await aTokenPayIn();
  await adapter.submit(payIn.signed);
  const { proof, lines } = executed(await conclude(payIn));
  const { executed_at: at, reference } = proof.statement;
  const statement = await adapter.statement({
    from: at,
    to: new Date(Date.parse(at) + 1_000).toISOString(),
  });
  const booked = [];
  for await (const line of statement.lines) if (line.reference === reference) booked.push(line);
  expect(booked).toEqual(lines);
  expect(booked[0]?.instruction_id).toBe(payIn.signed.instruction.instruction_id);
});

it('is paid once however often and from wherever it is asked for', async () => {
  const payIn = await aTokenPayIn();
  const restarted = rail.anotherAdapter({ directory });
  await Promise.all([adapter.submit(payIn.signed), restarted.submit(payIn.signed)]);
  await adapter.submit(payIn.signed);
  const one = executed(await conclude(payIn));
  const other = executed(await conclude(payIn, restarted));
  expect(other.proof.statement.reference).toBe(one.proof.statement.reference);
  expect(await paymentsBy(payIn.payer)).toHaveLength(1);
  await restarted.close();
});

it('is waited for while its settlement is pending', async () => {
  await misbehave('pending');
  const payIn = await aTokenPayIn();
  expect(await adapter.submit(payIn.signed)).toMatchObject({ outcome: 'pending' });
  executed(await conclude(payIn));
  expect(await paymentsBy(payIn.payer)).toHaveLength(1);
});

it.each(['execute_then_disconnect', 'execute_then_fail', 'garbage'])('is found after %s', async (kind) => {
  await misbehave(kind);
  const payIn = await aTokenPayIn();
  expect(await adapter.submit(payIn.signed)).toMatchObject({ outcome: 'unknown' });
  executed(await conclude(payIn));
  expect(await paymentsBy(payIn.payer)).toHaveLength(1);
});

it('is not found where the facilitator never took it', async () => {
  await misbehave('fail');
  const payIn = await aTokenPayIn();
  expect(await adapter.submit(payIn.signed)).toMatchObject({ outcome: 'unknown' });
  expect(await adapter.inquire(payIn.signed)).toMatchObject({ outcome: 'not_found' });
});

it('is proved by the transaction that moved the money, not by the one that was claimed', async () => {
  await misbehave('wrong_transaction');
  const payIn = await aTokenPayIn();
  await adapter.submit(payIn.signed);
  const { proof } = executed(await conclude(payIn));
  expect(await paymentsBy(payIn.payer)).toMatchObject([{ transaction: proof.statement.reference }]);
});

it('is never executed by the facilitator’s word alone', async () => {
  await misbehave('claim_without_executing');
  const payIn = await aTokenPayIn();
  expect(await adapter.submit(payIn.signed)).toMatchObject({ outcome: 'pending' });
  await rail.mine(12);
  expect((await adapter.inquire(payIn.signed)).outcome).not.toBe('executed');
  expect(await paymentsBy(payIn.payer)).toEqual([]);
});

it.each([
  ['an unknown token', { payment_token: 'pm_tok_unknown' }, {}, 'AUTHORIZATION_INVALID'],
  ['a token over another amount', { amount: '5' }, {}, 'AUTHORIZATION_AMOUNT'],
  ['a payer without the money', {}, { fundsMinor: '1' }, 'AM04'],
  ['a facilitator that has no address', { facilitator: 'nowhere' }, {}, 'AUTHORIZATION_INVALID'],
])('is refused for %s, and stays refused', async (_what, change, options, reason) => {
  const payIn = await aTokenPayIn(change, options);
  expect(await adapter.submit(payIn.signed)).toMatchObject({ outcome: 'rejected', reason });
  expect(await adapter.submit(payIn.signed)).toMatchObject({ outcome: 'rejected', reason });
  expect(await adapter.inquire(payIn.signed)).toMatchObject({ outcome: 'rejected', reason });
  expect(await paymentsBy(payIn.payer)).toEqual([]);
});

it('is refused for a token that was used', async () => {
  const payIn = await aTokenPayIn();
  await adapter.submit(payIn.signed);
  const again = await aTokenPayIn({ payment_token: payIn.token.payment_token });
  expect(await adapter.submit(again.signed)).toMatchObject({
    outcome: 'rejected',
    reason: 'AUTHORIZATION_USED',
  });
});

it('was not sent where the facilitator cannot be reached, and not after its time', async () => {
  const away = await aTokenPayIn({ facilitator: 'http://127.0.0.1:9' });
  await expect(adapter.submit(away.signed)).rejects.toThrow(RailUnreachableError);
  const late = await aTokenPayIn({}, { expiresInMs: -1 });
  expect(await adapter.submit(late.signed)).toMatchObject({ outcome: 'unknown' });
  expect(await paymentsBy(late.payer)).toEqual([]);
});

it('is not executed on an instruction that AURA did not sign', async () => {
  const { signed, payer } = await aTokenPayIn();
  const forged = { ...signed, instruction: { ...signed.instruction, subject_id: newId('transaction') } };
  expect(await adapter.submit(forged)).toMatchObject({ outcome: 'rejected', reason: 'FORGED' });
  expect(await paymentsBy(payer)).toEqual([]);
});

it('gets no mandate on its own: a token comes with a commit', async () => {
  const accountRef = await rail.anAccount();
  const mandateId = newId('mandate');
  const { token } = await aTokenPayIn();
  tokens.set(mandateId, token);
  const expiresAt = new Date(Date.now() + 60_000).toISOString();
  const request = { mandateId, accountRef, ceilingMinor: AMOUNT, asset: SANDBOX_USDC, expiresAt };
  expect(await adapter.requestMandate(request)).toMatchObject({
    outcome: 'rejected',
    reason: 'AUTHORIZATION_INVALID',
  });
});

describe('a facilitator that lies', () => {
  /** Says that every payment was settled, by this transaction. */
  async function aLiar(transaction: string): Promise<string> {
    const liar = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const asked = Buffer.concat(parts).toString();
        const key = asked
          ? (JSON.parse(asked) as { idempotency_key: string }).idempotency_key
          : decodeURIComponent((request.url ?? '').split('/').pop() ?? '');
        response.setHeader('content-type', 'application/json');
        response.end(
          JSON.stringify({
            payment_id: 'fpay_lie',
            idempotency_key: key,
            status: 'settled',
            error_reason: null,
            amount: AMOUNT,
            asset: SANDBOX_USDC.split(':').pop(),
            network: 'eip155:31337',
            payer: `0x${'11'.repeat(20)}`,
            pay_to: rail.auraAddress,
            transaction,
            valid_before: String(Math.floor(Date.now() / 1_000) + 600),
          }),
        );
      });
    });
    liars.push(liar);
    await new Promise<void>((resolve) => void liar.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(liar.address() as AddressInfo).port}`;
  }

  async function judged(transaction: string): Promise<RailAnswer> {
    const payIn = await aTokenPayIn({ facilitator: await aLiar(transaction) });
    expect(await adapter.submit(payIn.signed)).toMatchObject({ outcome: 'pending' });
    return conclude(payIn);
  }

  const doesNotPay = { outcome: 'unknown', detail: expect.stringContaining('does not pay AURA') as string };

  it('cannot have a deal paid by another token’s payment', async () => {
    const paid = await aTokenPayIn();
    await adapter.submit(paid.signed);
    const { proof } = executed(await conclude(paid));
    expect(await judged(proof.statement.reference)).toMatchObject(doesNotPay);
  });

  it('cannot have a deal paid by a transfer that another payer signed', async () => {
    const signed = await rail.instruct('pay_in', { amount_minor: AMOUNT });
    const { proof } = executed(await rail.settle(signed));
    expect(await judged(proof.statement.reference)).toMatchObject(doesNotPay);
  });

  it('cannot have a deal paid by a transfer of another amount, or by one to somebody else', async () => {
    const less = executed(await rail.settle(await rail.instruct('pay_in', { amount_minor: '34989' })));
    expect(await judged(less.proof.statement.reference)).toMatchObject(doesNotPay);
    const away = executed(await rail.settle(await rail.instruct('payout', { amount_minor: AMOUNT })));
    expect(await judged(away.proof.statement.reference)).toMatchObject(doesNotPay);
  });

  it('waits in vain with a transaction that is in no block', async () => {
    const payIn = await aTokenPayIn({ facilitator: await aLiar(`0x${'ab'.repeat(32)}`) });
    await adapter.submit(payIn.signed);
    await rail.mine(12);
    expect(await adapter.inquire(payIn.signed)).toMatchObject({ outcome: 'pending', progress: { done: 0 } });
  });
});
