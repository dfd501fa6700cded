/** Opposing requests of operators and of members, a hundred at once: one outcome stands, and the books keep their laws. */
import { newKeyPair } from '../../sdk';
import { rows } from '../../store/db';
import { nettingFaults } from '../../store/netting-audit';
import { aFirmOf } from '../support/firms';
import { anOffer } from '../support/market';
import { describeOnServer } from '../support/on-server';
import { signerOf, type RawRequest } from '../support/raw-request';
import { codes, commitTo, stormsHere, taken, until } from '../support/storm';

jest.setTimeout(180_000);

describeOnServer('a hundred at once, of operators and members', () => {
  // What was never executed can be said to be so within seconds.
  const quick = {
    AURA_INQUIRY_LAST_MS: '300',
    AURA_NOTICES_EVERY_MS: '2000',
    AURA_INSTRUCTION_TTL_MS: '8000',
    AURA_RAIL_MAX_DELAY_MS: '4000',
  };
  const on = stormsHere({ env: quick, rails: ['rtp', 'fednow', 'ach'] });
  const operator = () => signerOf(on.env.operator);
  const ask = (path: string, body?: unknown): RawRequest => ({
    method: 'POST',
    path,
    body,
    signer: operator(),
  });

  test('two decisions about a payment that is stuck', async () => {
    // The adapter goes on with a key that proves nothing any more.
    const { publicKey } = newKeyPair();
    await on.env.operator.registerRailKey({ rail: 'fednow', publicKey, keyId: 'rail-fednow-2' });
    await on.env.operator.revokeRailKey('fednow', 'rail-fednow');
    const { transaction } = await on.market.aDealCommitted({ rail: 'fednow' });
    const { transaction_id: id } = transaction;
    const exception = async () => (await on.env.operator.exceptions({ transaction_id: id })).exceptions[0];
    await until('either decision may be taken', async () => {
      const allowed = (await exception())?.allowed_actions;
      return allowed?.includes('confirm_unexecuted') === true && allowed.includes('inquire');
    });
    const path = `/v1/exceptions/${(await exception())?.exception_id ?? ''}/decisions`;
    const { one, other } = await on.storm(
      () => ask(path, { action: 'inquire', reason: 'the adapter may have its key again' }),
      () => ask(path, { action: 'confirm_unexecuted', reason: 'the bank wrote so' }),
    );
    expect(codes([...one, ...other])).toEqual(['SESSION_STATE_CONFLICT']);

    // Whoever was told of a decision was told the truth, and nobody else decided anything.
    const told = [...taken(one), ...taken(other)].map(({ json }) => String(json.decision_id));
    const kept = () =>
      rows<{ id: string; action: string; taken: boolean }>(
        on.env.db,
        `SELECT d.id, d.action, d.taken_at IS NOT NULL AS taken FROM operator_decisions d
         JOIN exceptions e ON e.id = d.exception_id WHERE e.transaction_id = ?`,
        [id],
      );
    expect((await kept()).map((decision) => decision.id).sort()).toEqual(told.sort());
    expect(told.length).toBeGreaterThan(0);
    await until('each was carried out', async () => (await kept()).every((decision) => decision.taken));
    const isUnexecuted = (await kept()).filter(({ action }) => action === 'confirm_unexecuted').length;
    expect(isUnexecuted).toBe(taken(other).length);
    // The bank's word is taken once, and ends it; another inquiry leaves it where it was.
    expect(isUnexecuted).toBeLessThanOrEqual(1);
    if (isUnexecuted === 1)
      await until('it is unwound', async () => (await on.statesOf(id)).clearing !== 'exception');
    await on.booksHold();
  });

  test('an open break, matched and closed', async () => {
    const content =
      'date,reference,type,amount,fee,currency,instruction_id\n2026-05-04,cap_1,refund,5.00,,USD,\n';
    await on.env.operator.importStatement({ rail: 'card', format: 'card-csv', content, network: 'sandbox' });
    const { breaks } = await on.env.operator.reconciliationReport({ rail: 'card' });
    const [found] = breaks as { break_id: string; line: string }[];
    if (!found) throw new Error('nothing is open');
    const { one, other } = await on.storm(
      () => ask('/v1/reconciliation/matches', { lines: [found.line], reason: 'a goodwill refund' }),
      () => ask(`/v1/reconciliation/breaks/${found.break_id}/resolve`, { reason: 'told twice' }),
    );
    expect(taken(one)).toHaveLength(1);
    // Closed once at most: by hand before the match, or by the match.
    expect(taken(other).length).toBeLessThanOrEqual(1);
    const closed = await rows(on.env.db, 'SELECT 1 FROM breaks WHERE id = ? AND status = ?', [
      found.break_id,
      'resolved',
    ]);
    expect(closed).toHaveLength(1);
    await on.booksHold();
  });

  test('the close of a netting cycle, a commit into it, and its buyer leaving', async () => {
    const aFirm = aFirmOf(on.env, on.market);
    const [buyer, seller] = [await aFirm(), await aFirm()];
    const stand = async () => {
      const { sessionId, offers } = await on.market.rankedSession(
        buyer,
        [[seller, [anOffer({ price: '120.00' })]]],
        { profileId: 'services' },
      );
      const [offerIds, scout, beacon] = [
        offers.map(({ offer_id }) => offer_id),
        signerOf(buyer.scout),
        signerOf(seller.beacon),
      ];
      return { buyer, seller, sessionId, offerIds, scout, beacon };
    };
    const first = await stand();
    const committed = await on.ask(commitTo(first, first.offerIds[0], 'ach'));
    expect(committed.json).toMatchObject({ clearing_status: 'authorized' });
    const [cycle] = await buyer.scout.netting.cycles({ status: 'open' });
    const second = await stand();
    const { one, other } = await on.storm(
      () => commitTo(second, second.offerIds[0], 'ach'),
      () => ask(`/v1/netting/cycles/${cycle?.cycle_id ?? ''}/close`),
      () => ({
        method: 'PUT',
        path: '/v1/netting/memberships',
        signer: first.scout,
        body: { rail: 'ach', currency: 'USD', active: false },
      }),
    );
    expect(taken(one)).toHaveLength(1);
    expect(taken(other)).toHaveLength(other.length);

    // The deal is in the cycle that was closed, in the next one, or pays by itself; and each is paid once.
    const deals = await on.dealsOf(second);
    expect(deals).toHaveLength(1);
    const ids = [String(committed.json.transaction_id), deals[0]?.id ?? ''];
    const isOver = async () => {
      for (const open of await on.env.operator.netting.cycles({ status: 'open' }))
        await on.env.operator.closeNettingCycle(open.cycle_id);
      const states = await Promise.all(ids.map(on.statesOf));
      return states.every(({ clearing }) => clearing === 'settled' || clearing === 'cleared');
    };
    await until('both are paid', isOver, 100_000);
    const proved = await rows<{ minor: string }>(
      on.env.db,
      `SELECT sum(i.amount_minor)::text AS minor FROM instructions i JOIN proofs p ON p.instruction_id = i.id
       WHERE p.accepted AND i.kind IN ('pay_in', 'net_in') AND i.rail = 'ach'`,
    );
    expect(proved).toEqual([{ minor: '24000' }]);
    expect(await nettingFaults(on.env.db)).toEqual([]);
    await on.booksHold();
  });
});
