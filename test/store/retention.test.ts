/** What is past its time goes, what is not over stays, and nobody reads on from nothing. */
import { ERASED } from '../../domain/personal-data';
import { RETENTION_DAYS } from '../../domain/retention';
import { newId } from '../../domain/ids';
import { createDb, rows, type Db } from '../../store/db';
import { eventsOfAgent, placeOf } from '../../store/event-feed';
import { findSession } from '../../store/sessions';
import { applyRetention, erasePrincipal } from '../../store/vault/erasure';
import { describeWithDatabase, TEST_KEYS } from '../support/database';
import { aPrincipal, aScout, aSession, fund, usd } from '../support/factories';

const WORDS = 'a lamp with a green shade';
const BY_TEST = { actor: 'test' };

describeWithDatabase('what is kept for a time', (database) => {
  const db = () => database().db;

  /** As a process reads that has none of the keys in memory. */
  const afresh = async <T>(read: (fresh: Db) => Promise<T>): Promise<T> => {
    const fresh = createDb({
      url: database().url,
      applicationName: 'aura-test',
      poolMax: 1,
      keys: TEST_KEYS,
    });
    try {
      return await read(fresh);
    } finally {
      await fresh.destroy();
    }
  };
  const ended = async (days: number, scout?: Awaited<ReturnType<typeof aScout>>) => {
    const session = await aSession(db(), { at: 'cancelled', intent: WORDS, scout });
    await db().raw(`UPDATE sessions SET updated_at = now() - ? * interval '1 day' WHERE id = ?`, [
      days,
      session.id,
    ]);
    return session;
  };
  const wordsOf = (id: string) => afresh(async (fresh) => (await findSession(fresh, id))?.rawIntent);

  it('is a wish until 130 days after it ended', async () => {
    const [old, young] = [await ended(131), await ended(129)];
    const open = await aSession(db(), { at: 'collecting_offers', intent: WORDS });
    expect(await applyRetention(db())).toMatchObject({ intent: 1, deal: 0 });
    expect(await Promise.all([old, young, open].map(({ id }) => wordsOf(id)))).toEqual([
      ERASED,
      WORDS,
      WORDS,
    ]);
  });

  it('is kept for good where that is asked for', async () => {
    const old = await ended(2_000);
    expect(await applyRetention(db(), { ...RETENTION_DAYS, intent: null })).not.toHaveProperty('intent');
    expect(await wordsOf(old.id)).toBe(WORDS);
  });

  it('is a principal until it asks, has no money here and nothing under way', async () => {
    const scout = await aScout(db());
    const { principal } = scout;
    const old = await ended(200, scout);
    const young = await ended(1, scout);
    expect(await erasePrincipal(db(), principal.id, BY_TEST)).toEqual({ outcome: 'not_over' });
    await db().raw(`UPDATE sessions SET updated_at = now() - interval '1 year' WHERE id = ?`, [young.id]);
    expect(await erasePrincipal(db(), principal.id, BY_TEST)).toMatchObject({ outcome: 'erased' });
    expect([await wordsOf(old.id), await wordsOf(young.id)]).toEqual([ERASED, ERASED]);
    const [left] = await rows(
      db(),
      `SELECT p.status, (SELECT count(*) FROM audit WHERE subject = p.id AND action = 'personal_data.erased') AS told
       FROM principals p WHERE p.id = ?`,
      [principal.id],
    );
    expect(left).toEqual({ status: 'suspended', told: '1' });

    const rich = await aPrincipal(db());
    await fund(db(), rich, usd('5.00'));
    expect(await erasePrincipal(db(), rich.id, BY_TEST)).toEqual({ outcome: 'not_over' });
  });

  describe('in a feed', () => {
    const tell = async (agentId: string, ages: readonly number[]) => {
      const events: string[] = [];
      for (const days of ages) {
        const id = newId('event');
        await db().raw(
          `WITH o AS (
             INSERT INTO outbox (id, type, correlation_id, payload, at, published_at, routed_seq)
             VALUES (:id, 'session.created', :id, '{}', now() - :days * interval '1 day', now(), nextval('routed_seq'))
             RETURNING *
           )
           INSERT INTO agent_events (agent_id, seq, event_id, event_type, correlation_id, occurred_at, payload)
           SELECT :agentId, routed_seq, id, type, correlation_id, at, payload FROM o`,
          { id, agentId, days },
        );
        events.push(id);
      }
      return events;
    };
    const feedOf = async (agentId: string, after: string | undefined) => {
      const afterSeq = after === undefined ? '0' : await placeOf(db(), after, agentId);
      if (afterSeq === undefined) return 'no such event';
      const found = await eventsOfAgent(db(), agentId, { afterSeq, types: [], limit: 10 });
      return found.map(({ id }) => id);
    };

    it('is what the last ninety days brought; who was further back reads on from there', async () => {
      const [{ id: agent }, { id: other }] = [await aScout(db()), await aScout(db())];
      const [first, second, third, fourth] = await tell(agent, [200, 91, 89, 0]);
      const [, others] = await tell(other, [3, 2]);
      expect(await applyRetention(db())).toMatchObject({ feed: 2 });
      expect(await feedOf(agent, undefined)).toEqual([third, fourth]);
      expect(await feedOf(agent, first)).toEqual([third, fourth]);
      expect(await feedOf(agent, second)).toEqual([third, fourth]);
      expect(await feedOf(agent, third)).toEqual([fourth]);
      expect(await feedOf(agent, others)).toBe('no such event');
      const [kept] = await rows(db(), 'SELECT count(*) AS n FROM outbox WHERE id IN (?, ?)', [first, second]);
      expect(kept).toEqual({ n: '2' });
    });
  });
});
