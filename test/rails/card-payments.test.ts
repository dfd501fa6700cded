import { newId } from '../../domain/ids';
import { checkProof } from '../../domain/clearing/proof';
import { CARD_MAGIC_AMOUNTS, DECLINES } from '../../rails/sandbox/card/misbehaviour';
import { executed, expectProof } from '../contract/expectations';
import {
  ASKS_FOR_3DS,
  createCardHarness,
  DECLINED,
  SUCCEEDS,
  type CardHarness,
} from '../support/card-harness';

describe('payments by card', () => {
  let rail: CardHarness;
  beforeAll(async () => {
    rail = await createCardHarness({ settings: { challengeTtlMs: '1500' } });
  });
  afterAll(() => rail?.stop());

  const mandateOf = async (number: string) => {
    const accountRef = await rail.aCard(number);
    const request = {
      mandateId: newId('mandate'),
      accountRef,
      ceilingMinor: '50000',
      asset: 'USD',
      expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    };
    return { request, ask: () => rail.adapter.requestMandate(request) };
  };
  const answerChallenge = async (url: string, outcome: string) => {
    const answer = await fetch(url, { method: 'POST', body: new URLSearchParams({ outcome }) });
    expect(answer.status).toBe(200);
  };

  describe('the test cards', () => {
    it('4242424242424242 succeeds', async () => {
      expect(await (await mandateOf(SUCCEEDS)).ask()).toMatchObject({ outcome: 'accepted' });
    });

    it('4000000000000002 is declined', async () => {
      const answer = await (await mandateOf(DECLINED)).ask();
      expect(answer).toMatchObject({ outcome: 'rejected', reason: 'card_declined' });
    });

    it('4000002500003155 asks for 3-D Secure, and pays once it is passed', async () => {
      const { request, ask } = await mandateOf(ASKS_FOR_3DS);
      const first = await ask();
      if (first.outcome !== 'action_required') throw new Error(first.outcome);
      expect(await ask()).toEqual(first);
      const page = await fetch(first.action.url, { headers: { accept: 'text/html' } });
      expect(await page.text()).toContain('<button');
      await answerChallenge(first.action.url, 'succeeded');
      const accepted = await ask();
      if (accepted.outcome !== 'accepted') throw new Error(accepted.outcome);
      const account = await rail.directory.account(request.accountRef);
      rail.directory.addMandate(request.mandateId, { reference: accepted.reference, account });
      const debtor = { account_ref: request.accountRef, mandate_ref: request.mandateId };
      const signed = await rail.instruct('pay_in', { debtor });
      expectProof(rail, signed, executed(await rail.adapter.submit(signed)).proof);
    });

    it('takes no other cards, and never says the number again', async () => {
      const card = { number: '4111111111111111', exp_month: 1, exp_year: 2099 };
      const refused = await rail.ask('POST', '/tokens', card);
      expect(refused).toMatchObject({ status: 422, body: { error: { code: 'test_card_required' } } });
      expect(refused.text).not.toContain(card.number);
      const wrong = await rail.ask('POST', '/tokens', { ...card, number: '4242424242424241' });
      expect(wrong).toMatchObject({ status: 422, body: { error: { code: 'incorrect_number' } } });
      const odd = await rail.ask('POST', '/tokens', { ...card, number: '4242 4242 4242 4242' });
      expect(odd.status).toBe(400);
      expect(odd.text).not.toContain('4242 4242');
      const taken = await rail.ask('POST', '/tokens', { ...card, number: SUCCEEDS });
      expect(taken.body).toMatchObject({ last4: '4242', brand: 'visa' });
      expect(taken.text).not.toContain(SUCCEEDS);
    });
  });

  describe('a 3-D Secure challenge of a mandate', () => {
    it('that fails rejects it', async () => {
      const { ask } = await mandateOf(ASKS_FOR_3DS);
      const first = await ask();
      if (first.outcome !== 'action_required') throw new Error(first.outcome);
      await answerChallenge(first.action.url, 'failed');
      expect(await ask()).toMatchObject({ outcome: 'rejected', reason: 'authentication_failed' });
      await answerChallenge(first.action.url, 'succeeded');
      expect(await ask()).toMatchObject({ outcome: 'rejected' });
    });

    it('that is abandoned rejects it', async () => {
      const { ask } = await mandateOf(ASKS_FOR_3DS);
      expect(await ask()).toMatchObject({ outcome: 'action_required' });
      await new Promise((resolve) => setTimeout(resolve, 1_600));
      expect(await ask()).toMatchObject({ outcome: 'rejected', reason: 'authentication_abandoned' });
    });
  });

  describe('a 3-D Secure challenge of a pay-in', () => {
    const challenged = async () => {
      await rail.misbehave('challenge');
      const signed = await rail.instruct('pay_in');
      const answer = await rail.adapter.submit(signed);
      if (answer.outcome !== 'pending' || !answer.action) throw new Error(JSON.stringify(answer));
      expect(await rail.bookingsOf(signed.instruction.instruction_id)).toBe(0);
      return { signed, url: answer.action.url };
    };

    it('leads to a capture once it is passed', async () => {
      const { signed, url } = await challenged();
      expect(await rail.adapter.inquire(signed)).toMatchObject({ outcome: 'pending', action: { url } });
      await answerChallenge(url, 'succeeded');
      executed(await rail.adapter.inquire(signed));
      expect(await rail.bookingsOf(signed.instruction.instruction_id)).toBe(1);
    });

    it.each([
      ['fails', 'authentication_failed'],
      ['is abandoned', 'authentication_abandoned'],
    ])('that %s is a rejection', async (how, reason) => {
      const { signed, url } = await challenged();
      if (how === 'fails') await answerChallenge(url, 'failed');
      else await new Promise((resolve) => setTimeout(resolve, 1_600));
      expect(await rail.adapter.inquire(signed)).toMatchObject({ outcome: 'rejected', reason });
      expect(await rail.bookingsOf(signed.instruction.instruction_id)).toBe(0);
    });
  });

  describe('magic amounts', () => {
    const declines = Object.entries(CARD_MAGIC_AMOUNTS).filter(([, kind]) => Object.hasOwn(DECLINES, kind));
    it.each(declines)('%s: %s', async (ending, kind) => {
      const signed = await rail.instruct('pay_in', { amount_minor: String(10_000 + Number(ending)) });
      expect(await rail.adapter.submit(signed)).toMatchObject({
        outcome: 'rejected',
        reason: DECLINES[kind as keyof typeof DECLINES],
      });
    });

    it('books twice, and the proof is of the first', async () => {
      const signed = await rail.instruct('pay_in', { amount_minor: '16614' });
      const { proof } = executed(await rail.adapter.submit(signed));
      expect(await rail.bookingsOf(signed.instruction.instruction_id)).toBe(2);
      expect(executed(await rail.adapter.inquire(signed)).proof.statement.reference).toBe(
        proof.statement.reference,
      );
    });
  });

  it('shows a partial capture in the proof, which then does not conform', async () => {
    const signed = await rail.instruct('pay_in', { amount_minor: '16642' });
    const { proof } = executed(await rail.adapter.submit(signed));
    expectProof(rail, signed, proof);
    expect(proof.statement.amount_minor).toBe('8321');
    expect(await rail.balanceMinor(signed.instruction.debtor.account_ref)).toBe(10_000_000n - 8_321n);
    const { accepted, checks } = checkProof({
      instruction: signed.instruction,
      proof,
      railKeys: [{ keyId: proof.key_id, publicKey: rail.proofKey, validFrom: new Date(0), validTo: null }],
      finalityAsked: 'provisional',
      now: new Date(),
      referenceUsed: false,
    });
    expect(accepted).toBe(false);
    expect(checks.filter(({ passed }) => !passed).map(({ check }) => check)).toEqual(['amount']);
  });

  it.each([
    ['authorization', 'execute_then_disconnect'],
    ['authorization', 'execute_then_time_out'],
    ['authorization', 'garbage'],
    ['authorization', 'bad_signature'],
    ['capture', 'execute_then_disconnect'],
    ['capture', 'execute_then_fail'],
    ['capture', 'execute_then_time_out'],
    ['capture', 'fail'],
    ['inquiry', 'execute_then_disconnect'],
    ['inquiry', 'garbage'],
  ] as const)('takes the money once when the answer to the %s is lost (%s)', async (on, kind) => {
    const before = await rail.balanceMinor();
    await rail.misbehave(kind, on);
    const signed = await rail.instruct('pay_in');
    const adapter = kind.endsWith('time_out') ? rail.impatient : rail.adapter;
    expect(await adapter.submit(signed)).toMatchObject({ outcome: 'unknown' });
    executed(await rail.adapter.inquire(signed));
    expect(await rail.bookingsOf(signed.instruction.instruction_id)).toBe(1);
    expect(await rail.balanceMinor()).toBe(before + 34_990n - 1_045n);
    expect(await rail.balanceMinor(signed.instruction.debtor.account_ref)).toBe(10_000_000n - 34_990n);
  });

  it('takes the money once through a crash of the processor between authorisation and capture', async () => {
    await rail.misbehave('fail', 'capture');
    const signed = await rail.instruct('pay_in');
    expect(await rail.adapter.submit(signed)).toMatchObject({ outcome: 'unknown' });
    await rail.crashNetwork();
    expect(await rail.authorizationOf(signed)).toMatchObject({ status: 'authorized' });
    executed(await rail.adapter.inquire(signed));
    expect(await rail.bookingsOf(signed.instruction.instruction_id)).toBe(1);
  });
});

describe('instructions and authorisations that run out', () => {
  let rail: CardHarness;
  let aheadMs = 0;
  beforeAll(async () => {
    rail = await createCardHarness({
      settings: { authorizationTtlMs: '800' },
      clock: () => new Date(Date.now() + aheadMs),
    });
  });
  beforeEach(() => {
    aheadMs = 0;
  });
  afterAll(() => rail?.stop());

  it('voids the authorisation of an instruction that expired before it was captured', async () => {
    await rail.misbehave('fail', 'capture');
    const signed = await rail.instruct('pay_in');
    expect(await rail.adapter.submit(signed)).toMatchObject({ outcome: 'unknown' });
    aheadMs = 120_000;
    const answer = await rail.adapter.inquire(signed);
    expect(answer).toMatchObject({ outcome: 'rejected', reason: 'authorization_voided' });
    expect(await rail.authorizationOf(signed)).toMatchObject({ status: 'voided' });
    const { account_ref: card } = signed.instruction.debtor;
    const account = await rail.directory.account(card);
    const shown = await rail.operator.call('GET', `tokens/${'token' in account ? account.token : ''}`);
    expect(shown.body).toMatchObject({ balanceMinor: '10000000', heldMinor: '0' });
    aheadMs = 0;
    expect(await rail.adapter.submit(signed)).toMatchObject({ outcome: 'rejected' });
    expect(await rail.bookingsOf(signed.instruction.instruction_id)).toBe(0);
  });

  it('does not know whether it was voided when that answer is lost, and asks again', async () => {
    await rail.misbehave('fail', 'capture');
    const signed = await rail.instruct('pay_in');
    await rail.adapter.submit(signed);
    aheadMs = 120_000;
    await rail.misbehave('execute_then_disconnect', 'void');
    expect(await rail.adapter.inquire(signed)).toMatchObject({ outcome: 'unknown' });
    expect(await rail.adapter.inquire(signed)).toMatchObject({ reason: 'authorization_voided' });
  });

  it('does not void what was captured', async () => {
    await rail.misbehave('execute_then_disconnect', 'capture');
    const signed = await rail.instruct('pay_in');
    expect(await rail.adapter.submit(signed)).toMatchObject({ outcome: 'unknown' });
    aheadMs = 120_000;
    executed(await rail.adapter.inquire(signed));
  });

  it('cannot capture an authorisation that was held too long', async () => {
    await rail.misbehave('fail', 'capture');
    const signed = await rail.instruct('pay_in');
    await rail.adapter.submit(signed);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const answer = await rail.adapter.inquire(signed);
    expect(answer).toMatchObject({ outcome: 'rejected', reason: 'authorization_expired' });
  });
});
