/** Opposing requests about one dispute, a hundred at once: one decision stands, and the books keep all of their laws. */
import { voteSigningBytes } from '../../domain/clearing/disputes';
import { Scout } from '../../sdk';
import { rows } from '../../store/db';
import { describeOnServer } from '../support/on-server';
import { signerOf, type Signer } from '../support/raw-request';
import { codes, stormsHere, dispute, taken, until } from '../support/storm';

jest.setTimeout(120_000);

describeOnServer('a hundred at once about a dispute', () => {
  const on = stormsHere();

  test('disputes by both sides', async () => {
    const deal = await on.aDeliveredDeal();
    const { one, other } = await on.storm(
      () => dispute(deal, deal.scout),
      () => dispute(deal, deal.beacon),
    );
    expect(taken([...one, ...other])).toHaveLength(1);
    await on.booksHold();
  });

  test('decision of the arbiter and acceptance by the other side', async () => {
    const deal = await on.aDeliveredDeal();
    const filed = await on.ask(dispute(deal, deal.scout));
    const path = `/v1/disputes/${String(filed.json.dispute_id)}`;
    const contested = await on.ask({
      method: 'POST',
      path: `${path}/answers`,
      signer: deal.beacon,
      body: { position: 'contest', statement: 'It is the right one.' },
    });
    expect(contested.status).toBe(200);
    const { one, other } = await on.storm(
      () => ({
        method: 'POST',
        path: `${path}/resolution`,
        signer: signerOf(on.env.operator),
        body: { remedy: 'uphold', reason: 'It is the right one.' },
      }),
      () => ({
        method: 'POST',
        path: `${path}/answers`,
        signer: deal.beacon,
        body: { position: 'accept', statement: 'It is another one.' },
      }),
    );
    // The same said again is the same: only one of the two can have been taken, however often.
    expect([taken(one).length > 0, taken(other).length > 0].filter(Boolean)).toHaveLength(1);
    expect(codes([...one, ...other])).toEqual(['SESSION_STATE_CONFLICT']);
    await until('it is closed', async () => {
      const [found] = await rows(
        on.env.db,
        'SELECT 1 FROM disputes WHERE transaction_id = ? AND closed_at IS NOT NULL',
        [deal.id],
      );
      return found !== undefined;
    });
    expect(await on.refundedMinor(deal)).toBe(taken(other).length > 0 ? 10_000 : 0);
    await on.booksHold();
  });

  describe('for a dispute that is contested', () => {
    const aContest = async () => {
      const deal = await on.aDeliveredDeal();
      const filed = await on.ask(dispute(deal, deal.scout));
      const id = String(filed.json.dispute_id);
      const body = { position: 'contest', statement: 'It is the right one.' };
      await on.ask({ method: 'POST', path: `/v1/disputes/${id}/answers`, signer: deal.beacon, body });
      const judges = await Promise.all(
        [1, 2, 3].map(async () =>
          signerOf(await Scout.register(on.env.http, await on.market.aPrincipal('L1'))),
        ),
      );
      const appoint = {
        method: 'POST',
        path: `/v1/disputes/${id}/panel`,
        signer: signerOf(on.env.operator),
        body: { members: judges.map(({ agentId }) => agentId), quorum: 2 },
      };
      const stands = async () => {
        const [found] = await rows<{ remedy: string | null; by: string | null; votes: string[] }>(
          on.env.db,
          `SELECT d.remedy, d.decided_by AS by, ARRAY(SELECT p.remedy FROM dispute_panel p
             WHERE p.dispute_id = d.id AND p.remedy IS NOT NULL ORDER BY 1) AS votes FROM disputes d WHERE d.id = ?`,
          [id],
        );
        return found;
      };
      return { id, judges, appoint, stands };
    };

    test('votes of its panel for either side, each member both ways', async () => {
      const { id, judges, appoint, stands } = await aContest();
      expect((await on.ask(appoint)).status).toBe(200);
      let turn = 0;
      const vote = (remedy: 'uphold' | 'refund') => () => {
        const { agentId, key } = judges[turn++ % judges.length] as Signer;
        const cast = { remedy, reason: `So it is: ${remedy}.` };
        const signature = key.sign(voteSigningBytes({ dispute_id: id, member_id: agentId, ...cast }));
        const path = `/v1/disputes/${id}/votes`;
        return { method: 'POST', path, signer: { agentId, key }, body: { ...cast, signature } };
      };
      const { one, other } = await on.storm(vote('uphold'), vote('refund'));
      expect(codes([...one, ...other])).toEqual(['SESSION_STATE_CONFLICT']);
      const { remedy, by, votes = [] } = (await stands()) ?? {};
      // Two of three agree in any case, and with the second of them it is decided.
      expect(votes.filter((each) => each === remedy)).toHaveLength(2);
      expect(by).toBe('panel');
      await on.booksHold();
    });

    test('its panel and a decision of the operator', async () => {
      const { id, appoint, stands } = await aContest();
      const { one, other } = await on.storm(
        () => appoint,
        () => ({
          method: 'POST',
          path: `/v1/disputes/${id}/resolution`,
          signer: signerOf(on.env.operator),
          body: { remedy: 'uphold', reason: 'It is the right one.' },
        }),
      );
      expect(codes([...one, ...other])).toEqual(['SESSION_STATE_CONFLICT']);
      expect([taken(one).length > 0, taken(other).length > 0].filter(Boolean)).toHaveLength(1);
      expect((await stands())?.by ?? null).toBe(taken(other).length > 0 ? on.env.operator.agentId : null);
      await on.booksHold();
    });
  });
});
