/** Joining by protocol 1.0.0: what is answered, what is refused, and that no secret comes to rest. */
import { randomUUID } from 'node:crypto';
import { agentBindingBytes } from '../../domain/agent-binding';
import { generateKeyPairSync } from 'node:crypto';
import { didKey, generateKeyPair, publicKeyPem } from '../../domain/keys';
import { payloadShown } from '../../domain/notifications';
import { requestSigningBytes } from '../../domain/request-signature';
import { insertAgent } from '../../store/agents';
import { inTransaction, rows, type Db } from '../../store/db';
import { newId } from '../../domain/ids';
import { startApiServer, type ApiServer } from '../support/api-server';
import { describeWithDatabase } from '../support/database';
import { aPrincipal } from '../support/factories';
import { agentForm, newSigner, send, type Answer, type Headers1 } from '../support/signed-requests';

jest.setTimeout(60_000);

type Body = Record<string, unknown>;

const scoutBody = (more: Body = {}): Body => ({
  agent_name: 'MyShoppingAssistant',
  agent_version: '1.0.0',
  platform: 'ios',
  capabilities: ['natural_language', 'transaction_commit'],
  public_key: publicKeyPem(generateKeyPair().publicKey),
  callback_url: 'https://myapp.example.com/aura/callbacks',
  contact_email: 'developer@example.com',
  ...more,
});
const beaconBody = (more: Body = {}): Body => ({
  agent_name: 'AcmeStoreBeacon',
  agent_version: '2.1.0',
  merchant_name: 'Acme Corporation',
  merchant_domain: 'acme.example.com',
  categories: ['electronics', 'home_appliances'],
  capabilities: ['offers', 'inventory_check', 'dynamic_pricing'],
  public_key: publicKeyPem(generateKeyPair().publicKey),
  webhook_url: 'https://acme.example.com/aura/webhook',
  contact_email: 'integrations@acme.example.com',
  ...more,
});

const register = (server: ApiServer, kind: 'scouts' | 'beacons', body: Body, headers: Headers1 = {}) =>
  send(server.url, { method: 'POST', target: `/v1/agents/${kind}`, body: JSON.stringify(body) }, headers);

async function anOperator(db: Db) {
  const signer = newSigner();
  const { id: principalId } = await aPrincipal(db);
  const id = newId('operator');
  const nothing = { categories: [], shipsTo: [], capacity: new Map<string, bigint>() };
  const identity = { id, principalId, role: 'operator', name: 'operator', apiVersion: '2026-04-01' } as const;
  await inTransaction(db, (trx) =>
    insertAgent(trx, { ...identity, ...nothing, keyId: newId('key'), publicKey: signer.publicKey }),
  );
  return { id, signer };
}

async function standing(db: Db, agentId: unknown) {
  const [found] = await rows<Body>(
    db,
    `SELECT p.id AS principal, p.trust_level AS trust, a.verification_status AS verification, a.api_version AS version,
       p.public_key = k.public_key AS "sameKey",
       (SELECT balance_minor::text FROM accounts c WHERE c.owner = p.id AND c.kind = 'collateral') AS funds
     FROM agents a JOIN principals p ON p.id = a.principal_id JOIN agent_keys k ON k.agent_id = a.id WHERE a.id = ?`,
    [String(agentId)],
  );
  return found;
}

describeWithDatabase('registration in the sandbox', (database) => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer({ db: database().db, deployment: 'sandbox', rateLimits: '' });
  });
  afterAll(() => server?.stop());

  it('answers a scout in the protocol’s own words', async () => {
    const { status, json, headers } = await register(server, 'scouts', scoutBody());
    expect(status).toBe(201);
    expect(headers.get('aura-version')).toBe('2026-01-01');
    expect(json).toEqual({
      scout_id: expect.stringMatching(/^sct_/) as unknown,
      api_key: expect.stringMatching(/^sk_test_/) as unknown,
      api_secret: expect.stringMatching(/^ss_/) as unknown,
      registered_at: expect.stringMatching(/Z$/) as unknown,
      rate_limits: { requests_per_minute: 60, sessions_per_hour: 100 },
    });
  });

  it('answers a beacon, vetted and funded', async () => {
    const { status, json } = await register(server, 'beacons', beaconBody());
    expect(status).toBe(201);
    expect(json).toEqual({
      beacon_id: expect.stringMatching(/^bcn_/) as unknown,
      api_key: expect.stringMatching(/^bk_test_/) as unknown,
      api_secret: expect.stringMatching(/^bs_/) as unknown,
      registered_at: expect.stringMatching(/Z$/) as unknown,
      verification_status: 'verified',
      rate_limits: { offer_responses_per_minute: 1_000 },
    });
    expect(await standing(database().db, json.beacon_id)).toMatchObject({
      trust: 'L2',
      verification: 'verified',
      version: '2026-01-01',
      sameKey: true,
      funds: '1000000',
    });
  });

  it('takes an Ed25519 key in every form, and addresses of this machine', async () => {
    const [base64, did, jwk] = [generateKeyPair(), generateKeyPair(), generateKeyPair()].map(
      (pair) => pair.publicKey,
    );
    const forms = [
      base64,
      didKey(did ?? ''),
      { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(jwk ?? '', 'base64').toString('base64url') },
    ];
    for (const public_key of forms) {
      const body = scoutBody({ public_key, callback_url: 'http://127.0.0.1:9000/hook' });
      expect((await register(server, 'scouts', body)).status).toBe(201);
    }
    const least = { agent_name: 'A', public_key: generateKeyPair().publicKey };
    expect((await register(server, 'scouts', least)).status).toBe(201);
  });

  it('tells the same key again under its idempotency key, and neither key nor secret is anywhere', async () => {
    const body = beaconBody();
    const key = { 'x-idempotency-key': randomUUID() };
    const [first, twin] = await Promise.all([
      register(server, 'beacons', body, key),
      register(server, 'beacons', body, key),
    ]);
    expect(first.status).toBe(201);
    expect(twin.json).toEqual(first.json);
    expect((await register(server, 'beacons', body, key)).json).toEqual(first.json);
    const changed = await register(server, 'beacons', { ...body, agent_name: 'Other' }, key);
    expect([changed.status, changed.json.error?.code]).toEqual([409, 'IDEMPOTENCY_CONFLICT']);
    expect(await found(String(first.json.beacon_id))).not.toEqual([]);
    for (const field of ['api_key', 'api_secret']) {
      const secret = String(first.json[field]);
      expect(await found(secret)).toEqual([]);
      expect(await found(secret.slice(-20))).toEqual([]);
    }
  });

  /** Tables in which some row holds the text. */
  async function found(text: string): Promise<string[]> {
    const { db } = database();
    const tables = await rows<{ name: string }>(
      db,
      "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    );
    const hits = await Promise.all(
      tables.map(async ({ name }) => {
        const hit = await rows(
          db,
          `SELECT 1 FROM "${name}" t WHERE position(?::text IN t::text) > 0 LIMIT 1`,
          [text],
        );
        return hit.length > 0 ? [name] : [];
      }),
    );
    return hits.flat();
  }

  it('takes a key once, also of two at the same moment', async () => {
    const body = scoutBody();
    const both = await Promise.all([register(server, 'scouts', body), register(server, 'scouts', body)]);
    expect(both.map(({ status }) => status).sort()).toEqual([201, 400]);
    const again = await register(server, 'beacons', beaconBody({ public_key: body.public_key }));
    expect(again.json.error?.details).toEqual({ field: 'public_key', reason: 'in use' });
  });

  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey.export({
    format: 'pem',
    type: 'spki',
  });
  it.each<['scouts' | 'beacons', Body, string]>([
    ['scouts', { agent_name: undefined }, 'agent_name'],
    ['scouts', { agent_name: 'x'.repeat(201) }, 'agent_name'],
    ['scouts', { public_key: undefined }, 'public_key'],
    ['scouts', { public_key: 'not a key' }, 'public_key'],
    ['scouts', { public_key: rsa }, 'public_key'],
    ['scouts', { public_key: Buffer.alloc(32).toString('base64') }, 'public_key'],
    ['scouts', { public_key: { kty: 'OKP' } }, 'public_key'],
    ['scouts', { capabilities: ['with spaces in it'] }, 'capabilities.0'],
    ['scouts', { capabilities: 'natural_language' }, 'capabilities'],
    ['scouts', { contact_email: 'nobody' }, 'contact_email'],
    ['scouts', { callback_url: 'ftp://myapp.example.com/x' }, 'callback_url'],
    ['scouts', { callback_url: 'https://user:pass@myapp.example.com/' }, 'callback_url'],
    ['scouts', { callback_url: 'https://myapp.example.com/#part' }, 'callback_url'],
    ['scouts', { callback_url: `https://myapp.example.com/${'x'.repeat(2_048)}` }, 'callback_url'],
    ['beacons', { merchant_name: undefined }, 'merchant_name'],
    ['beacons', { merchant_domain: 'https://acme.example.com' }, 'merchant_domain'],
    ['beacons', { merchant_domain: 'acme' }, 'merchant_domain'],
    ['beacons', { merchant_domain: '10.0.0.1' }, 'merchant_domain'],
    ['beacons', { merchant_domain: 'acme.example.com@evil.example' }, 'merchant_domain'],
    ['beacons', { categories: [] }, 'categories'],
    ['beacons', { categories: ['Electronics!'] }, 'categories.0'],
    ['beacons', { webhook_url: 'acme' }, 'webhook_url'],
    ['beacons', { ships_to: ['Narnia'] }, 'ships_to.0'],
  ])('refuses %s with %j, naming the field', async (kind, more, field) => {
    const { db } = database();
    const count = async () => (await rows<{ n: string }>(db, 'SELECT count(*) AS n FROM principals'))[0]?.n;
    const before = await count();
    const answer = await register(server, kind, kind === 'scouts' ? scoutBody(more) : beaconBody(more));
    expect([answer.status, answer.json.error?.details.field]).toEqual([400, field]);
    expect(answer.json.error?.details.reason).toEqual(expect.any(String));
    expect(await count()).toBe(before);
  });

  it('by protocol 2.2 lets nobody act for a principal that has an agent without its word', async () => {
    const { db } = database();
    const join = async (principal: { id: string; sign(bytes: string): string }, asked = true) => {
      const signer = newSigner();
      const terms = { publicKey: signer.publicKey, role: 'scout' as const, capacity: {} };
      const text = JSON.stringify({
        public_key: signer.publicKey,
        principal_id: principal.id,
        role: 'scout',
        capacity: {},
        ...(asked && { principal_signature: principal.sign(agentBindingBytes(terms)) }),
      });
      const timestamp = new Date().toISOString();
      const target = '/v1/agents/register';
      const signature = signer.sign(requestSigningBytes({ method: 'POST', target, timestamp, body: text }));
      const headers = { 'x-timestamp': timestamp, 'x-signature': signature };
      const { status, json } = await send(server.url, { method: 'POST', target, body: text }, headers);
      return [status, json.error?.details.field];
    };
    const refused = [401, 'principal_signature'];
    const key = newSigner();
    const { json } = await register(server, 'scouts', scoutBody({ public_key: key.publicKey }));
    const [version1] = await rows<{ id: string }>(db, 'SELECT principal_id AS id FROM agents WHERE id = ?', [
      String(json.scout_id),
    ]);
    // Before an operator has vetted it.
    await db('principals').where({ id: version1?.id }).update({ trust_level: 'L0' });
    const owner = { id: String(version1?.id), sign: (bytes: string) => key.sign(bytes) };
    expect(await join(owner, false)).toEqual(refused);
    expect(await join(owner)).toEqual([201, undefined]);

    const stranger = newSigner();
    const fresh = await aPrincipal(db, { trust: 'L0' });
    const unsigned = { id: fresh.id, sign: (bytes: string) => stranger.sign(bytes) };
    expect(await join(unsigned, false)).toEqual([201, undefined]);
    expect(await join(unsigned, false)).toEqual(refused);
    expect(await join(unsigned)).toEqual(refused);
  });

  it('by protocol 2.2 takes a webhook, a callback, capabilities and a merchant’s name', async () => {
    const { db } = database();
    const join = async (body: Body): Promise<Answer> => {
      const signer = newSigner();
      const principal = await aPrincipal(db, { trust: 'L0' });
      const text = JSON.stringify({ public_key: signer.publicKey, principal_id: principal.id, ...body });
      const timestamp = new Date().toISOString();
      const target = '/v1/agents/register';
      const signature = signer.sign(requestSigningBytes({ method: 'POST', target, timestamp, body: text }));
      const headers = { 'x-timestamp': timestamp, 'x-signature': signature };
      return send(server.url, { method: 'POST', target, body: text }, headers);
    };
    const told = {
      capabilities: ['offers'],
      merchant_name: 'Acme',
      webhook_url: 'https://acme.example.com/hook',
    };
    const { status, json } = await join({ role: 'beacon', ...told });
    expect([status, json]).toEqual([201, expect.objectContaining(told)]);
    const scout = await join({ role: 'scout', callback_url: 'https://shopper.example.com/hook' });
    expect(scout.json.callback_url).toBe('https://shopper.example.com/hook');
    const wrong = await join({ role: 'scout', webhook_url: 'https://shopper.example.com/hook' });
    expect([wrong.status, wrong.json.error?.details.field]).toEqual([400, 'webhook_url']);
    const bad = await join({ role: 'beacon', webhook_url: 'gopher://acme.example.com' });
    expect([bad.status, bad.json.error?.details.field]).toEqual([400, 'webhook_url']);
  });
});

describeWithDatabase('registration at a live server', (database) => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer({ db: database().db, deployment: 'live' });
  });
  afterAll(() => server?.stop());

  it('waits for vetting at L0, without money', async () => {
    const { json } = await register(server, 'beacons', beaconBody());
    expect(json).toMatchObject({
      api_key: expect.stringMatching(/^bk_live_/) as unknown,
      verification_status: 'pending',
    });
    expect(await standing(database().db, json.beacon_id)).toMatchObject({
      trust: 'L0',
      verification: 'pending',
      funds: null,
    });
  });

  it.each([
    'http://acme.example.com/hook',
    'https://localhost/hook',
    'https://127.0.0.1/hook',
    'https://2130706433/hook',
    'https://10.1.2.3/hook',
    'https://169.254.169.254/latest/meta-data',
    'https://[::1]/hook',
    'https://[fd00::1]/hook',
    'https://metadata.google.internal/hook',
    'https://printer.local./hook',
    'https://intranet/hook',
  ])('does not take %s for a webhook or a callback', async (url) => {
    const beacon = await register(server, 'beacons', beaconBody({ webhook_url: url }));
    expect([beacon.status, beacon.json.error?.details.field]).toEqual([400, 'webhook_url']);
    const scout = await register(server, 'scouts', scoutBody({ callback_url: url }));
    expect([scout.status, scout.json.error?.details.field]).toEqual([400, 'callback_url']);
  });

  it('vets by an operator’s decision, and takes it back', async () => {
    const { db } = database();
    const operator = await anOperator(db);
    const signer = newSigner();
    const { json: beacon } = await register(server, 'beacons', beaconBody({ public_key: signer.publicKey }));
    const id = String(beacon.beacon_id);
    const vet = async (body: Body, who: { id: string; signer: typeof signer }, of = id) => {
      const ask = { method: 'POST', target: `/v1/agents/${of}/vetting`, body: JSON.stringify(body) };
      return send(server.url, ask, agentForm(ask, who.id, { by: who.signer }));
    };
    const verified = { decision: 'verified', reason: 'papers seen' };
    expect((await vet(verified, { id, signer })).json.error?.code).toBe('INSUFFICIENT_PERMISSIONS');
    expect((await vet({ decision: 'verified' }, operator)).json.error?.details.field).toBe('reason');
    expect((await vet({ decision: 'maybe', reason: 'x' }, operator)).json.error?.details.field).toBe(
      'decision',
    );
    expect((await vet(verified, operator)).json).toMatchObject({
      verification_status: 'verified',
      trust_level: 'L2',
    });
    expect(await standing(db, id)).toMatchObject({ trust: 'L2', verification: 'verified' });
    const rejected = { decision: 'rejected', reason: 'papers forged' };
    expect((await vet(rejected, operator)).json).toMatchObject({
      verification_status: 'rejected',
      trust_level: 'L0',
    });
    const events = await rows<{ payload: Body }>(
      db,
      "SELECT payload FROM outbox WHERE type = 'agent.vetted' ORDER BY seq",
    );
    const shown = events.map(({ payload }) =>
      payloadShown({ type: 'agent.vetted', correlationId: id, payload }),
    );
    expect(shown).toEqual([
      { agent_id: id, verification_status: 'verified' },
      { agent_id: id, verification_status: 'rejected' },
    ]);
    const audited = await rows<{ actor: string; detail: Body }>(
      db,
      "SELECT actor, detail FROM audit WHERE action = 'agent.vetted' AND subject = ? ORDER BY id",
      [id],
    );
    expect(audited).toMatchObject([
      { actor: operator.id, detail: { reason: 'papers seen' } },
      { detail: rejected },
    ]);
    expect((await vet(verified, operator, newId('beacon'))).json.error?.code).toBe('AGENT_NOT_FOUND');
    expect((await vet(verified, operator, operator.id)).json.error?.details.field).toBe('agent_id');
  });

  it('lets an agent change where it is told of events, by its own field', async () => {
    const signer = newSigner();
    const { json } = await register(server, 'beacons', beaconBody({ public_key: signer.publicKey }));
    const id = String(json.beacon_id);
    const change = async (body: Body) => {
      const ask = { method: 'PUT', target: `/v1/agents/${id}/endpoints`, body: JSON.stringify(body) };
      return send(server.url, ask, agentForm(ask, id, { by: signer }));
    };
    const url = 'https://acme.example.com/new';
    expect((await change({ webhook_url: url })).json).toEqual({ agent_id: id, webhook_url: url });
    expect((await change({ webhook_url: 'https://127.0.0.1/' })).status).toBe(400);
    expect((await change({ callback_url: url })).json.error?.details.field).toBe('callback_url');
    expect((await change({})).json.error?.code).toBe('INVALID_REQUEST');
    expect((await change({ webhook_url: null })).json).toEqual({ agent_id: id, webhook_url: null });
  });
});
