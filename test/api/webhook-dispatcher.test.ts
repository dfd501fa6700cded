/** Whom the sender of webhooks serves first, and what it does with one that cannot be composed. */
import { setTimeout } from 'node:timers/promises';
import pino from 'pino';
import { runDispatcher } from '../../api/webhooks/dispatcher';
import { createRooms } from '../../api/webhooks/rooms';
import { createWebhookSender } from '../../api/webhooks/sender';
import { newId } from '../../domain/ids';
import { routeEvents } from '../../store/agent-events';
import { createBell } from '../../store/bell';
import { inTransaction } from '../../store/db';
import { recordEvents } from '../../store/states';
import { listDeliveries } from '../../store/webhooks';
import { describeWithDatabase } from '../support/database';
import { aBeacon } from '../support/factories';
import { aReceiver } from '../support/receiver';
import { newSigner } from '../support/signed-requests';

describe('the room that agents have', () => {
  const rooms = () => createRooms({ perAgent: 6, trying: 2 });

  it('is what is left of their share', () => {
    const room = rooms();
    expect(room.left().get('quick')).toBeUndefined();
    room.enter('quick');
    expect(room.left().get('quick')).toBe(5);
    room.leave('quick');
    expect(room.left().get('quick')).toBeUndefined();
  });

  it('is one at a time for those that fail, and a few for all of them together, in turns', () => {
    const room = rooms();
    for (const agent of ['a', 'b', 'c']) room.note(agent, 'badly');
    expect(Object.fromEntries(room.left())).toEqual({ a: 1, b: 1, c: 0 });
    expect(Object.fromEntries(room.left())).toEqual({ c: 1, a: 1, b: 0 });
    room.enter('a');
    room.enter('b');
    expect(Object.fromEntries(room.left())).toEqual({ a: 0, b: 0, c: 0 });
    room.leave('b');
    expect(Object.fromEntries(room.left())).toEqual({ a: 0, b: 1, c: 0 });
    room.note('a', 'well');
    expect(room.left().get('a')).toBe(5);
  });
});

describeWithDatabase('a webhook that cannot be composed', (database) => {
  it('is given up after its attempts, and lets the next one of its session through', async () => {
    const { db } = database();
    const receiver = await aReceiver();
    const signer = newSigner();
    const log = pino({ level: 'silent' });
    const sender = createWebhookSender({ signer, allowPrivate: true, log });
    const ending = new AbortController();
    try {
      const beacon = await aBeacon(db);
      await db('agents').where({ id: beacon.id }).update({ webhook_url: receiver.url });
      const session = newId('session');
      const violated = {
        type: 'policy.violated' as const,
        correlationId: session,
        payload: { agent_id: beacon.id, session_id: session, rule: 'max_discount_percentage' },
      };
      await inTransaction(db, (trx) => recordEvents(trx, [violated, violated]));
      while ((await routeEvents(db, 50)).length > 0);
      const [first, second] = await listDeliveries(db, { agentId: beacon.id, limit: 2 });
      // Of a deal that is not there.
      await db('webhook_deliveries').where({ id: first?.id }).update({ name: 'offer_accepted' });
      const running = runDispatcher(
        { db, signer, sender, log, publicUrl: 'http://localhost', retryFirstMs: 1, due: createBell() },
        ending.signal,
      );
      for (const deadline = Date.now() + 20_000; Date.now() < deadline; await setTimeout(50)) {
        const [, next] = await listDeliveries(db, { agentId: beacon.id, limit: 2 });
        if (next?.status === 'delivered') break;
      }
      ending.abort();
      await running;
      expect(await listDeliveries(db, { agentId: beacon.id, limit: 2 })).toMatchObject([
        { id: first?.id, status: 'dead', attempts: 10, lastOutcome: 'could not be composed' },
        { id: second?.id, status: 'delivered', attempts: 1 },
      ]);
    } finally {
      ending.abort();
      await Promise.all([sender.close(), receiver.close()]);
    }
  }, 60_000);
});
