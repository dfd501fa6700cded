import { randomBytes } from 'node:crypto';
import { request } from 'undici';
import { createWebhookReceiver, type WebhookReceiver } from '../../rails/card';
import { signWebhook } from '../../rails/card/webhook-signature';
import { executed } from '../contract/expectations';
import { createCardHarness, type CardHarness } from '../support/card-harness';

/** Polls until it holds; at most ten seconds. */
async function eventually(check: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it never came true');
}

describe('webhooks of the processor', () => {
  let rail: CardHarness;
  let receiver: WebhookReceiver;
  let runs = 0;
  /** Notices as a worker would have them: by id, from where it left off. */
  const known = new Map<string, string>();
  let cursor: string | null = null;
  const pull = async () => {
    runs += 1;
    const found = await rail.adapter.notices?.(cursor);
    cursor = found?.cursor ?? cursor;
    for (const { statement } of found?.notices ?? [])
      known.set(statement.notice_id, statement.instruction_id);
  };
  beforeAll(async () => {
    rail = await createCardHarness({ settings: { webhookLateMs: '600' } });
    receiver = await createWebhookReceiver({
      secret: rail.info().webhookSecret ?? '',
      host: '127.0.0.1',
      port: 0,
      clock: () => new Date(),
      onEvent: pull,
    });
    await rail.operator.call('PUT', 'webhook', { url: receiver.url });
  });
  afterAll(async () => {
    await receiver?.close();
    await rail?.stop();
  });

  const chargedBack = async () => {
    const signed = await rail.instruct('pay_in');
    executed(await rail.adapter.submit(signed));
    await rail.openChargeback(signed);
    return signed.instruction.instruction_id;
  };
  const noticed = (id: string) => [...known.values()].filter((about) => about === id).length;

  it('have the notices read at once', async () => {
    const id = await chargedBack();
    await eventually(() => noticed(id) === 1);
  });

  it.each(['webhook_twice', 'webhook_late', 'webhook_out_of_order'] as const)(
    'change nothing when they come otherwise (%s)',
    async (kind) => {
      await rail.misbehave(kind, 'webhook', { nextCount: 4 });
      const id = await chargedBack();
      await eventually(() => noticed(id) === 1);
      await new Promise((resolve) => setTimeout(resolve, 900));
      expect(noticed(id)).toBe(1);
    },
  );

  it('may be lost: the next reading finds what they would have told of', async () => {
    await rail.operator.call('POST', 'misbehaviours', { kind: 'webhook_lost', on: 'webhook' });
    const before = runs;
    const id = await chargedBack();
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(runs).toBe(before);
    expect(noticed(id)).toBe(0);
    await pull();
    expect(noticed(id)).toBe(1);
    await rail.operator.call('DELETE', 'misbehaviours');
  });

  it('are sent again until somebody takes them', async () => {
    const { port } = new URL(receiver.url);
    await receiver.close();
    const id = await chargedBack();
    receiver = await createWebhookReceiver({
      secret: rail.info().webhookSecret ?? '',
      host: '127.0.0.1',
      port: Number(port),
      clock: () => new Date(),
      onEvent: pull,
    });
    await eventually(() => noticed(id) === 1);
  });

  it('have one reading at a time, and one more for what arrives meanwhile', async () => {
    let now = 0;
    let most = 0;
    let readings = 0;
    const errors: unknown[] = [];
    const secret = rail.info().webhookSecret ?? '';
    const busy = await createWebhookReceiver({
      secret,
      host: '127.0.0.1',
      port: 0,
      clock: () => new Date(),
      onError: (error) => errors.push(error),
      async onEvent() {
        now += 1;
        readings += 1;
        most = Math.max(most, now);
        await new Promise((resolve) => setTimeout(resolve, 300));
        now -= 1;
        throw new Error('the processor is away');
      },
    });
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const headers = {
      'webhook-id': 'evt_1',
      'webhook-timestamp': timestamp,
      'webhook-signature': signWebhook(secret, { id: 'evt_1', timestamp, payload: '{}' }),
    };
    const send = () => request(busy.url, { method: 'POST', headers, body: '{}' });
    await Promise.all([1, 2, 3, 4, 5].map(async () => (await send()).body.dump()));
    await busy.close();
    expect(most).toBe(1);
    expect(readings).toBe(2);
    expect(errors).toHaveLength(2);
  });
});

describe('webhooks as they are received', () => {
  const payload = '{"type":"chargeback.opened"}';
  const ours = `whsec_${randomBytes(32).toString('base64')}`;
  let receiver: WebhookReceiver;
  let heard = 0;
  beforeAll(async () => {
    receiver = await createWebhookReceiver({
      secret: ours,
      host: '127.0.0.1',
      port: 0,
      clock: () => new Date(),
      async onEvent() {
        heard += 1;
      },
    });
  });
  afterAll(() => receiver?.close());
  const post = async (headers: Record<string, string>, body = payload, path = '') => {
    const answer = await request(receiver.url + path, { method: 'POST', headers, body });
    await answer.body.dump();
    return answer.statusCode;
  };
  const signedAt = (ms: number, secret = ours) => {
    const timestamp = String(Math.floor(ms / 1_000));
    const signature = signWebhook(secret, { id: 'evt_1', timestamp, payload });
    return { 'webhook-id': 'evt_1', 'webhook-timestamp': timestamp, 'webhook-signature': signature };
  };

  it('are taken when signed and fresh, whatever other signatures come along', async () => {
    const headers = signedAt(Date.now());
    expect(await post(headers)).toBe(204);
    const several = `v1,AAAA v1a,BBBB ${headers['webhook-signature']}`;
    expect(await post({ ...headers, 'webhook-signature': several })).toBe(204);
    await eventually(() => heard >= 1);
  });

  it('are refused unsigned, tampered with, out of their time, or too large', async () => {
    const before = heard;
    expect(await post({})).toBe(401);
    expect(await post(signedAt(Date.now(), 'whsec_AAAA'))).toBe(401);
    expect(await post(signedAt(Date.now()), '{"type":"chargeback.won"}')).toBe(401);
    expect(await post({ ...signedAt(Date.now()), 'webhook-id': 'evt_2' })).toBe(401);
    expect(await post(signedAt(Date.now() - 301_000))).toBe(400);
    expect(await post(signedAt(Date.now() + 302_000))).toBe(400);
    expect(await post(signedAt(Date.now()), 'x'.repeat(65_537))).toBe(413);
    expect(await post(signedAt(Date.now()), payload, '/elsewhere')).toBe(404);
    expect((await request(receiver.url)).statusCode).toBe(405);
    expect(heard).toBe(before);
  });
});
