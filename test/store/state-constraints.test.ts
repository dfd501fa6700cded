/** A deal's state changes only by rows of history along the lifecycle: what the database itself refuses. */
import { newId } from '../../domain/ids';
import { IllegalTransitionError } from '../../domain/lifecycle';
import { inTransaction, rows } from '../../store/db';
import { recordChange, stateHistory } from '../../store/states';
import { findDeal } from '../../store/transactions';
import { describeWithDatabase } from '../support/database';
import { aDeal, aMandate, anOffer, aSession } from '../support/factories';
import { dealRow, sessionRow } from '../support/rows';
import { refusalOf } from '../support/refusals';

describeWithDatabase('the state of a deal', (database) => {
  const db = () => database().db;

  interface Row {
    session: string;
    deal?: string | null;
    move: [region: 'market' | 'clearing', transition: string, from: string | null, to: string];
    key?: string;
  }
  const history = ({ session, deal = null, move: [region, transition, from, to], key }: Row) =>
    db()('state_history').insert({
      session_id: session,
      transaction_id: deal,
      region,
      transition,
      from_state: from,
      to_state: to,
      key: key ?? newId('event'),
      actor: 'test',
    });

  it('moves along the table, and the rows are moved by the history alone', async () => {
    const deal = await aDeal(db(), { at: { market: 'fulfilled', clearing: 'cleared' } });
    const stored = await findDeal(db(), deal.id);
    expect(stored).toMatchObject({ marketState: 'fulfilled', clearingState: 'cleared' });
    const taken = (await stateHistory(db(), deal.sessionId)).map(({ transition }) => transition);
    expect(taken.slice(0, 5)).toEqual(['T1', 'T1', 'T1', 'T2', 'T3']);
    expect(new Set(taken.slice(5))).toEqual(new Set(['T6', 'T18', 'T19', 'T20', 'T21', 'T22']));
  });

  it('is not set past the history', async () => {
    const deal = await aDeal(db());
    const change = db()('sessions').where({ id: deal.sessionId }).update({ market_state: 'completed' });
    expect(await refusalOf(change)).toBe('check state_through_history');
    const clearing = db()('transactions').where({ id: deal.id }).update({ clearing_state: 'cleared' });
    expect(await refusalOf(clearing)).toBe('check state_through_history');
    const forgotten = db()('sessions').update({ market_state: 'created' });
    expect(await refusalOf(forgotten)).toBe('check state_through_history');
  });

  it('begins with created, and without any clearing', async () => {
    const session = await sessionRow(db());
    expect(await refusalOf(db()('sessions').insert({ ...session, market_state: 'committed' }))).toBe(
      'check state_through_history',
    );
    const deal = await dealRow(db());
    expect(await refusalOf(db()('transactions').insert({ ...deal, clearing_state: 'settled' }))).toBe(
      'check state_through_history',
    );
    expect(await refusalOf(db()('transactions').insert(deal))).toBe('accepted');
  });

  it.each<[string, Row['move']]>([
    ['a transition that skips states', ['market', 'T3', 'created', 'committed']],
    ['a transition that does not exist', ['market', 'T99', 'created', 'interpreting']],
    ['a transition by another’s name', ['market', 'T2', 'created', 'interpreting']],
    ['a step back', ['market', 'T1', 'interpreting', 'created']],
    ['a state it is not in', ['market', 'T10', 'discovering', 'cancelled']],
    ['no state before', ['market', 'T1', null, 'interpreting']],
    ['a transition of the other region', ['market', 'T18', null, 'risk_assessed']],
  ])('refuses %s', async (_, move) => {
    const session = await aSession(db());
    expect(await refusalOf(history({ session: session.id, move }))).toBe('check legal_transition');
  });

  it.each([
    [{ market: 'committed', clearing: 'settling' }, ['market', 'T6', 'committed', 'fulfilled']],
    [{ market: 'fulfilled', clearing: 'settled' }, ['market', 'T8', 'fulfilled', 'completed']],
    [{ market: 'disputed', clearing: 'authorized' }, ['clearing', 'T20', 'authorized', 'settling']],
    [{ market: 'committed', clearing: 'exception' }, ['market', 'T4', 'committed', 'failed']],
    [{ market: 'resolved', clearing: 'cleared' }, ['market', 'T16', 'resolved', 'cancelled']],
  ] as const)('refuses a legal move while the other region forbids it: %j', async (at, move) => {
    const deal = await aDeal(db(), { at });
    const row = { session: deal.sessionId, deal: deal.id, move: [...move] as Row['move'] };
    expect(await refusalOf(history(row))).toBe('check legal_transition');
  });

  it('refuses clearing without a deal, or for the deal of another session', async () => {
    const session = await aSession(db(), { at: 'offers_available' });
    const [mine, other] = [await aDeal(db()), await aDeal(db())];
    const T18: Row['move'] = ['clearing', 'T18', null, 'risk_assessed'];
    expect(await refusalOf(history({ session: session.id, move: T18 }))).toMatch(/^check/);
    expect(await refusalOf(history({ session: session.id, deal: mine.id, move: T18 }))).toMatch(/^check/);
    expect(await refusalOf(history({ session: mine.sessionId, deal: other.id, move: T18 }))).toBe(
      'check deal_of_session',
    );
    expect((await findDeal(db(), other.id))?.clearingState).toBeNull();
    expect(await refusalOf(history({ session: mine.sessionId, deal: mine.id, move: T18 }))).toBe('accepted');
  });

  it('takes a step once under its key', async () => {
    const session = await aSession(db());
    const first: Row = { session: session.id, move: ['market', 'T1', 'created', 'interpreting'], key: 'T1' };
    const next: Row = {
      session: session.id,
      move: ['market', 'T1', 'interpreting', 'discovering'],
      key: 'T1',
    };
    expect(await refusalOf(history(first))).toBe('accepted');
    expect(await refusalOf(history(next))).toBe('unique state_history_session_id_key_key');
  });

  it('lets one of two concurrent steps win', async () => {
    const deal = await aDeal(db(), { at: { market: 'committed', clearing: 'risk_assessed' } });
    const move = (transition: string, to: string) =>
      refusalOf(
        history({
          session: deal.sessionId,
          deal: deal.id,
          move: ['clearing', transition, 'risk_assessed', to],
        }),
      );
    const results = await Promise.all([
      move('T19', 'authorized'),
      move('X1', 'declined'),
      move('T19', 'authorized'),
    ]);
    expect(results.filter((result) => result === 'accepted')).toHaveLength(1);
    expect(results.filter((result) => result === 'check legal_transition')).toHaveLength(2);
  });

  it('changes together with its postings, events and audit record, or not at all', async () => {
    const deal = await aDeal(db());
    const change = inTransaction(db(), (trx) =>
      recordChange(trx, {
        sessionId: deal.sessionId,
        transactionId: deal.id,
        state: { market: 'committed', clearing: null },
        steps: [{ transition: 'T18' }],
        actor: 'aura',
        events: [{ type: 'transaction.risk_assessed', correlationId: deal.sessionId, payload: {} }],
        // A margin nobody has: the books refuse it.
        entries: [
          {
            event: 'novation',
            key: `novation:${deal.id}`,
            transactionId: deal.id,
            postings: [
              {
                account: { owner: deal.buyerPrincipalId, kind: 'collateral', asset: 'USD' },
                side: 'debit',
                amountMinor: 1n,
              },
              {
                account: { owner: deal.buyerPrincipalId, kind: 'margin', asset: 'USD' },
                side: 'credit',
                amountMinor: 1n,
              },
            ],
          },
        ],
        audit: { action: 'test.refused', detail: {} },
      }),
    );
    expect(await refusalOf(change)).toBe('check non_negative');
    expect((await findDeal(db(), deal.id))?.clearingState).toBeNull();
    const traces = await rows(
      db(),
      `SELECT 1 FROM outbox WHERE correlation_id = :session
       UNION ALL SELECT 1 FROM audit WHERE subject = :deal AND action = 'test.refused'
       UNION ALL SELECT 1 FROM state_history WHERE session_id = :session AND transition = 'T18'`,
      { session: deal.sessionId, deal: deal.id },
    );
    expect(traces).toEqual([]);
  });

  it('is refused by the domain before the database is asked', async () => {
    const session = await aSession(db());
    const jump = inTransaction(db(), (trx) =>
      recordChange(trx, {
        sessionId: session.id,
        transactionId: null,
        state: { market: 'created', clearing: null },
        steps: [{ transition: 'T3' }],
        actor: 'test',
        audit: { action: 'test', detail: {} },
      }),
    );
    await expect(jump).rejects.toThrow(IllegalTransitionError);
  });

  it('has one deal for a session and one for an offer', async () => {
    const deal = await aDeal(db());
    const mandate = await aMandate(db(), { principal: { id: deal.buyerPrincipalId } });
    const offer = await anOffer(db());
    const row = await dealRow(db());
    const again = { ...row, mandate_id: mandate, session_id: deal.sessionId, offer_id: offer.id };
    expect(await refusalOf(db()('transactions').insert(again))).toBe('unique transactions_session_id_key');
    const sameOffer = { ...row, offer_id: deal.offerId };
    expect(await refusalOf(db()('transactions').insert(sameOffer))).toBe('unique transactions_offer_id_key');
  });
});
