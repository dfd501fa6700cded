/**
 * Opposing requests, a hundred at once: whatever order they fall in, one consistent outcome stands, nobody gets a 5xx,
 * and the books keep all of their laws.
 */
import { newKeyPair } from '../../sdk';
import { suspendAgent } from '../../store/agents';
import { inTransaction, rows } from '../../store/db';
import { anOffer } from '../support/market';
import { describeOnServer } from '../support/on-server';
import {
  codes,
  commitTo,
  stormsHere,
  delivery,
  dispute,
  OF_EACH,
  refund,
  taken,
  until,
} from '../support/storm';

jest.setTimeout(120_000);

describeOnServer('a hundred at once', () => {
  const on = stormsHere();

  test('commit and cancel of a session', async () => {
    const stand = await on.aStand();
    const cancel = { method: 'DELETE', path: `/v1/sessions/${stand.sessionId}`, signer: stand.scout };
    const { one, other } = await on.storm(
      () => commitTo(stand, stand.offerIds[0]),
      () => cancel,
    );
    const deals = await on.dealsOf(stand);
    expect(taken(one)).toHaveLength(deals.length);
    // Whoever was told that it is cancelled was told the truth, and so was whoever was told of a deal.
    expect(deals.length === 1).toBe(taken(other).length === 0);
    expect(deals.length).toBeLessThanOrEqual(1);
    await on.booksHold();
  });

  test('commits to two offers of a session', async () => {
    const stand = await on.aStand(2);
    const { one, other } = await on.storm(
      () => commitTo(stand, stand.offerIds[0]),
      () => commitTo(stand, stand.offerIds[1]),
    );
    expect(await on.dealsOf(stand)).toHaveLength(1);
    expect(taken([...one, ...other])).toHaveLength(1);
    expect(codes([...one, ...other]).sort()).toEqual(['OFFER_ALREADY_COMMITTED', 'SESSION_STATE_CONFLICT']);
    await on.booksHold();
  });

  test('cancellation and delivery of a deal', async () => {
    const deal = await on.aDeal();
    const { one, other } = await on.storm(
      () => ({ method: 'DELETE', path: `/v1/transactions/${deal.id}`, signer: deal.scout }),
      () => delivery(deal, deal.beacon),
    );
    expect(taken(one).length + taken(other).length).toBeGreaterThan(0);
    await until('it has ended', async () =>
      ['cancelled', 'completed'].includes((await on.statesOf(deal.id)).market),
    );
    const { market: end, clearing } = await on.statesOf(deal.id);
    expect([end, clearing]).toEqual(
      end === 'cancelled' ? ['cancelled', 'refunded'] : ['completed', 'cleared'],
    );
    await on.booksHold();
  });

  test('delivery told by both sides', async () => {
    const deal = await on.aDeal();
    await on.storm(
      () => delivery(deal, deal.scout),
      () => delivery(deal, deal.beacon),
    );
    await until('it is completed', async () => (await on.statesOf(deal.id)).market === 'completed');
    const [counted] = await rows<{ fulfilled: number; released: number }>(
      on.env.db,
      `SELECT (SELECT count(*)::int FROM state_history h WHERE h.session_id = :session AND h.transition = 'T6') AS fulfilled,
         (SELECT count(*)::int FROM entries e WHERE e.transaction_id = :id AND e.event = 'release') AS released`,
      { id: deal.id, session: deal.sessionId },
    );
    expect(counted).toEqual({ fulfilled: 1, released: 1 });
    await on.booksHold();
  });

  test('refunds of forty of a hundred', async () => {
    const deal = await on.aDeliveredDeal();
    const { one, other } = await on.storm(
      () => refund(deal, '40.00'),
      () => refund(deal, '40.00'),
    );
    expect(taken([...one, ...other])).toHaveLength(2);
    expect(await on.refundedMinor(deal)).toBe(8_000);
    await on.booksHold();
  });

  test('refund of everything and dispute', async () => {
    const deal = await on.aDeliveredDeal();
    const { one, other } = await on.storm(
      () => refund(deal),
      () => dispute(deal, deal.scout),
    );
    expect(taken(one).length).toBeLessThanOrEqual(1);
    expect(taken(other).length).toBeLessThanOrEqual(1);
    expect(taken([...one, ...other]).length).toBeGreaterThan(0);
    expect(await on.refundedMinor(deal)).toBe(taken(one).length * 10_000);
    await on.booksHold();
  });

  test('withdrawal of the seller’s balance and a commit that needs margin of it', async () => {
    const stand = await on.aStand();
    const { accounts } = await stand.seller.beacon.accounts();
    const free = accounts.find(({ kind }) => kind === 'collateral')?.balance ?? '0';
    expect(Number(free)).toBeGreaterThan(0);
    const { one, other } = await on.storm(
      () => ({
        method: 'POST',
        path: '/v1/accounts/withdrawals',
        signer: stand.beacon,
        body: { amount: free, currency: 'USD' },
      }),
      () => commitTo(stand, stand.offerIds[0]),
    );
    expect(taken(one).length).toBeLessThanOrEqual(1);
    expect(taken(other)).toHaveLength(1);
    const [account] = await rows<{ n: number }>(
      on.env.db,
      `SELECT count(*)::int AS n FROM accounts WHERE kind IN ('collateral', 'margin') AND balance_minor < 0`,
    );
    expect(account?.n).toBe(0);
    await on.booksHold();
  });

  test('the end of a key and a commit signed by it', async () => {
    const stand = await on.aStand();
    const { scout } = stand.buyer;
    const old = stand.scout;
    const key = newKeyPair();
    await scout.replaceKey(key, 600);
    const next = { agentId: old.agentId, key };
    const keys = await on.ask({
      method: 'GET',
      path: `/v1/agents/${old.agentId}/keys`,
      signer: next,
    });
    const found = (keys.json.keys as { key_id: string; status: string }[]).find(
      ({ status }) => status === 'replaced',
    );
    const { one, other } = await on.storm(
      () => commitTo(stand, stand.offerIds[0]),
      () => ({
        method: 'DELETE',
        path: `/v1/agents/${old.agentId}/keys/${found?.key_id ?? ''}`,
        signer: next,
      }),
    );
    expect(taken(other)).toHaveLength(OF_EACH);
    expect(await on.dealsOf(stand)).toHaveLength(taken(one).length);
    expect(taken(one).length).toBeLessThanOrEqual(1);
    const after = await on.ask(commitTo(stand, stand.offerIds[0]));
    expect(after.json.error?.code).toBe('INVALID_SIGNATURE');
    await on.booksHold();
  });

  test('a suspension and a commit', async () => {
    const stand = await on.aStand();
    const suspension = inTransaction(on.env.db, (trx) => suspendAgent(trx, stand.scout.agentId));
    const { one, other } = await on.storm(
      () => commitTo(stand, stand.offerIds[0]),
      () => commitTo(stand, stand.offerIds[0]),
    );
    await suspension;
    const made = taken([...one, ...other]).length;
    expect(await on.dealsOf(stand)).toHaveLength(made);
    expect(made).toBeLessThanOrEqual(1);
    const after = await on.ask(commitTo(stand, stand.offerIds[0]));
    expect(after.json.error?.code).toBe('AGENT_SUSPENDED');
    await on.booksHold();
  });

  test('a policy that forbids it and a commit', async () => {
    const stand = await on.aStand();
    const { one, other } = await on.storm(
      () => ({
        method: 'PUT',
        path: `/v1/agents/scouts/${stand.scout.agentId}/policies`,
        signer: stand.scout,
        body: { policies: { max_price_usd: 50 } },
      }),
      () => commitTo(stand, stand.offerIds[0]),
    );
    expect(taken(one)).toHaveLength(OF_EACH);
    expect(await on.dealsOf(stand)).toHaveLength(taken(other).length);
    expect(taken(other).length).toBeLessThanOrEqual(1);
    await on.booksHold();
  });

  test('offers of one seller, more than it may make', async () => {
    const [buyer, seller, silent] = await Promise.all([
      on.market.aBuyer(),
      on.market.aSeller(),
      on.market.aSeller(),
    ]);
    const wanted = [anOffer({ price: '100.00' })];
    // The other one has not answered yet, or the window would be over with the first offers.
    const { sessionId } = await on.market
      .rankedSession(
        buyer,
        [
          [seller, wanted],
          [silent, wanted],
        ],
        {
          beforeOffers: async (id) => {
            const sent = Array.from({ length: 2 * OF_EACH }, () =>
              seller.beacon.submitOffers(id, [anOffer()]),
            );
            await Promise.allSettled(sent);
          },
        },
      )
      .catch(() => ({ sessionId: '' }));
    const counted = await rows<{ n: number }>(
      on.env.db,
      'SELECT count(*)::int AS n FROM offers WHERE beacon_id = ?',
      [seller.beacon.agentId],
    );
    expect(counted[0]?.n).toBe(5);
    expect(sessionId).toBeDefined();
  });
});
