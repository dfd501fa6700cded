/** The three forms of signing over HTTP: each accepted, and each way of getting one wrong refused. */
import { randomBytes } from 'node:crypto';
import { createApiKeyMint } from '../../domain/api-keys';
import { sha256Hex } from '../../domain/canonical';
import { newId } from '../../domain/ids';
import type { Signer } from '../../domain/keys';
import { suspendAgent } from '../../store/agents';
import { inTransaction } from '../../store/db';
import { registerRailKey } from '../../store/trust';
import { startApiServer, type ApiServer } from '../support/api-server';
import { describeWithDatabase } from '../support/database';
import {
  aBeacon,
  aScout,
  bearer,
  keysOf,
  newApiKey,
  READ_SESSION,
  refusalOf,
  type Member,
} from '../support/members';
import {
  agentForm,
  keyForm,
  messageForm,
  newSigner,
  send,
  type Ask,
  type Headers1,
} from '../support/signed-requests';

jest.setTimeout(60_000);

const MINUTES_MS = 60_000;
describeWithDatabase('who calls', (database) => {
  let sandbox: ApiServer;
  let scout: Member;
  let other: Member;
  let beacon: Member;

  beforeAll(async () => {
    sandbox = await startApiServer({ db: database().db, deployment: 'sandbox' });
    [scout, other, beacon] = await Promise.all([aScout(sandbox), aScout(sandbox), aBeacon(sandbox)]);
  });
  afterAll(() => sandbox?.stop());

  /** Changes something, and can be told from another one by its body. */
  const callback = ({ id }: Member, path = randomBytes(4).toString('hex')): Ask => ({
    method: 'PUT',
    target: `/v1/agents/${id}/endpoints`,
    body: JSON.stringify({ callback_url: `http://127.0.0.1/${path}` }),
  });
  const authority = () => new URL(sandbox.url).host;
  const ask = (what: Ask, headers: Headers1) => send(sandbox.url, what, headers);

  interface Variation {
    at?: Date;
    as?: Partial<Ask>;
    by?: Signer;
  }
  const FORMS: Record<string, (what: Ask, member: Member, how?: Variation) => Promise<Headers1>> = {
    'the agent’s headers': async (what, member, how) =>
      agentForm(what, member.id, { by: member.signer, ...how }),
    'an API key and a signature': async (what, member, how) =>
      keyForm(what, member.apiKey, { by: member.signer, ...how }),
    'an API key and an HMAC': async (what, member, { by, ...how } = {}) =>
      keyForm(what, member.apiKey, { by: by ?? { apiSecret: member.apiSecret }, ...how }),
    'an HTTP message signature': (what, member, how) =>
      messageForm(what, member.id, { by: member.signer, authority: authority(), ...how }),
  };

  it('cannot be said a second time in another form', async () => {
    const make = newApiKey(scout);
    const { json: made } = await ask(make, keyForm(make, scout.apiKey, { by: scout.signer }));
    const revoke = { method: 'DELETE', target: `/v1/agents/${scout.id}/api-keys/${String(made.key_id)}` };
    const signed = keyForm(revoke, scout.apiKey, { by: scout.signer });
    expect((await ask(revoke, signed)).status).toBe(200);
    // The digest that was signed, where the other form has the body.
    const again = { ...revoke, body: sha256Hex('') };
    const answer = await ask(again, {
      'x-agent-id': scout.id,
      'x-timestamp': signed['x-aura-timestamp'] ?? '',
      'x-signature': (signed['x-aura-signature'] ?? '').replace(/^sig_/, ''),
    });
    expect(refusalOf(answer)).toEqual([401, 'INVALID_SIGNATURE', 'replayed']);
  });

  describe.each(Object.entries(FORMS))('with %s', (_form, sign) => {
    it('is let in, and answered in its own version', async () => {
      const read = await ask(keysOf(scout), await sign(keysOf(scout), scout));
      expect([read.status, read.json.agent_id]).toEqual([200, scout.id]);
      expect(read.headers.get('aura-version')).toBe('2026-01-01');
      const change = callback(scout);
      expect((await ask(change, await sign(change, scout))).status).toBe(200);
    });

    it.each<[string, Variation]>([
      ['6 minutes old', { at: new Date(Date.now() - 6 * MINUTES_MS) }],
      ['6 minutes ahead', { at: new Date(Date.now() + 6 * MINUTES_MS) }],
      ['over another body', { as: { body: '{"callback_url":"http://127.0.0.1/elsewhere"}' } }],
      ['over no body', { as: { body: '' } }],
      ['over another path', { as: { target: '/v1/agents' } }],
      ['over another method', { as: { method: 'POST' } }],
      ['over a query that was not sent', { as: { target: '/v1/agents?a=1' } }],
      ['by another key', { by: newSigner() }],
    ])('is refused when the signature is %s', async (_what, how) => {
      const change = callback(scout);
      const answer = await ask(change, await sign(change, scout, how));
      expect(refusalOf(answer).slice(0, 2)).toEqual([401, 'INVALID_SIGNATURE']);
      expect(answer.json.error?.details.field).toEqual(expect.any(String));
    });

    it('is refused when a query was added', async () => {
      const added = { ...keysOf(scout), target: `${keysOf(scout).target}?limit=1` };
      expect((await ask(added, await sign(keysOf(scout), scout))).json.error?.code).toBe('INVALID_SIGNATURE');
      expect((await ask(added, await sign(added, scout))).status).toBe(200);
    });

    it('is refused the second time', async () => {
      const change = callback(scout);
      const headers = await sign(change, scout);
      expect((await ask(change, headers)).status).toBe(200);
      expect(refusalOf(await ask(change, headers))).toEqual([401, 'INVALID_SIGNATURE', 'replayed']);
    });

    it('cannot speak for another agent', async () => {
      const change = callback(other);
      expect((await ask(change, await sign(change, scout))).json.error?.code).toBe('AGENT_NOT_FOUND');
      const answer = await ask(
        change,
        await sign(change, { ...other, apiSecret: scout.apiSecret, signer: scout.signer }),
      );
      expect(answer.json.error?.code).toBe('INVALID_SIGNATURE');
    });

    it('may only read once it is suspended', async () => {
      const member = await aScout(sandbox);
      await inTransaction(database().db, (trx) => suspendAgent(trx, member.id));
      expect((await ask(keysOf(member), await sign(keysOf(member), member))).status).toBe(200);
      const change = callback(member);
      expect(refusalOf(await ask(change, await sign(change, member))).slice(0, 2)).toEqual([
        403,
        'AGENT_SUSPENDED',
      ]);
    });
  });

  describe('more than one form at once', () => {
    const pairs = Object.entries(FORMS).flatMap(([one, first], index) =>
      Object.entries(FORMS)
        .slice(index + 1)
        .map(([two, second]) => [one, two, first, second] as const),
    );
    it.each(pairs.filter(([one, two]) => !(one.startsWith('an API key') && two.startsWith('an API key'))))(
      'is refused: %s and %s',
      async (_one, _two, first, second) => {
        const headers = { ...(await first(keysOf(scout), scout)), ...(await second(keysOf(scout), scout)) };
        expect(refusalOf(await ask(keysOf(scout), headers))).toEqual([
          401,
          'INVALID_SIGNATURE',
          'more than one form',
        ]);
      },
    );
  });

  describe('an API key', () => {
    it('alone is enough where the route says so, and there only', async () => {
      expect((await ask(READ_SESSION, bearer(scout.apiKey))).json.error?.code).toBe('SESSION_NOT_FOUND');
      expect(refusalOf(await ask(keysOf(scout), bearer(scout.apiKey)))).toEqual([
        401,
        'AUTHENTICATION_REQUIRED',
        'required',
      ]);
      const commit = { method: 'POST', target: `${READ_SESSION.target}/commit`, body: '{}' };
      expect((await ask(commit, bearer(scout.apiKey))).json.error?.code).toBe('AUTHENTICATION_REQUIRED');
    });

    it('with half of a signature is refused even there', async () => {
      const { 'x-aura-timestamp': timestamp = '', ...rest } = keyForm(READ_SESSION, scout.apiKey, {
        by: scout.signer,
      });
      expect((await ask(READ_SESSION, rest)).json.error?.details.field).toBe('X-AURA-Timestamp');
      const half = { ...bearer(scout.apiKey), 'x-aura-timestamp': timestamp };
      expect((await ask(READ_SESSION, half)).json.error?.details.field).toBe('X-AURA-Signature');
    });

    it('with a signature over the path alone may have a query only where nothing had to be signed', async () => {
      const plain = keyForm(READ_SESSION, scout.apiKey, { by: scout.signer });
      const asked = { ...READ_SESSION, target: `${READ_SESSION.target}?verbose=1` };
      expect((await ask(asked, plain)).json.error?.code).toBe('SESSION_NOT_FOUND');
      const keys = { ...keysOf(scout), target: `${keysOf(scout).target}?limit=1` };
      expect(refusalOf(await ask(keys, keyForm(keysOf(scout), scout.apiKey, { by: scout.signer })))).toEqual([
        401,
        'INVALID_SIGNATURE',
        'the query is not covered: sign PATH?QUERY',
      ]);
    });

    it.each<[string, string, string]>([
      ['of the wrong form', 'sk_test_short', 'not the form of an API key'],
      ['that nobody has', `sk_test_${'a'.repeat(43)}`, 'unknown'],
      ['of a live server', `sk_live_${'a'.repeat(43)}`, 'a live key in the sandbox'],
    ])('%s is refused', async (_what, apiKey, reason) => {
      expect(refusalOf(await ask(READ_SESSION, bearer(apiKey)))).toEqual([401, 'INVALID_API_KEY', reason]);
    });

    it('in no Bearer is refused', async () => {
      const answer = await ask(READ_SESSION, { authorization: `Basic ${scout.apiKey}` });
      expect(answer.json.error?.code).toBe('AUTHENTICATION_REQUIRED');
    });

    it('with another agent’s signature is refused', async () => {
      const headers = keyForm(READ_SESSION, scout.apiKey, { by: other.signer });
      expect((await ask(READ_SESSION, headers)).json.error?.code).toBe('INVALID_SIGNATURE');
    });

    it('does what its scopes say, and names the one that is missing', async () => {
      const what = newApiKey(scout, { scopes: ['session:read'] });
      const { json } = await ask(what, agentForm(what, scout.id, { by: scout.signer }));
      expect(json).toMatchObject({ scopes: ['session:read'], status: 'active' });
      const narrow = String(json.api_key);
      expect((await ask(READ_SESSION, bearer(narrow))).json.error?.code).toBe('SESSION_NOT_FOUND');
      const open = { method: 'POST', target: '/v1/sessions', body: '{"intent":"wireless headphones"}' };
      const refused = await ask(open, bearer(narrow));
      expect([refused.status, refused.json.error?.code, refused.json.error?.details]).toEqual([
        403,
        'INSUFFICIENT_PERMISSIONS',
        { required_scope: 'session:create' },
      ]);
      const other = await ask(keysOf(scout), keyForm(keysOf(scout), narrow, { by: scout.signer }));
      expect(other.json.error?.code).toBe('INSUFFICIENT_PERMISSIONS');
    });

    it('has no scope that its role has not', async () => {
      const what = newApiKey(beacon, { scopes: ['session:create'] });
      const answer = await ask(what, agentForm(what, beacon.id, { by: beacon.signer }));
      expect([answer.status, answer.json.error?.details.field]).toEqual([400, 'scopes']);
    });

    it('of a beacon does not open sessions', async () => {
      const answer = await ask({ method: 'POST', target: '/v1/sessions', body: '{}' }, bearer(beacon.apiKey));
      expect(refusalOf(answer).slice(0, 2)).toEqual([403, 'INSUFFICIENT_PERMISSIONS']);
    });
  });

  describe('a rail’s adapter', () => {
    const signer = newSigner();
    const keyId = 'rail-rtp-test';
    /** There is no such instruction. */
    const what: Ask = { method: 'GET', target: `/v1/rails/rtp/instructions/${newId('instruction')}` };
    beforeAll(() => registerRailKey(database().db, { keyId, rail: 'rtp', publicKey: signer.publicKey }));
    const isLetIn = async (headers: Headers1) => ![401, 403].includes((await ask(what, headers)).status);

    it('signs by its own key, as agents do', async () => {
      expect(await isLetIn(agentForm(what, keyId, { by: signer }))).toBe(true);
      expect(await isLetIn(await messageForm(what, keyId, { by: signer, authority: authority() }))).toBe(
        true,
      );
      expect(await isLetIn(agentForm(what, keyId, { by: newSigner() }))).toBe(false);
      expect(await isLetIn(await messageForm(what, keyId, { by: newSigner(), authority: authority() }))).toBe(
        false,
      );
      expect(await isLetIn(agentForm(what, 'rail-nobody', { by: signer }))).toBe(false);
    });

    it.each(Object.entries(FORMS))('is nobody who signs with %s', async (_form, sign) => {
      expect(refusalOf(await ask(what, await sign(what, scout))).slice(0, 2)).toEqual([
        403,
        'INSUFFICIENT_PERMISSIONS',
      ]);
    });
  });
});

describeWithDatabase('a live server', (database) => {
  let live: ApiServer;
  const signer = newSigner();

  beforeAll(async () => {
    live = await startApiServer({
      db: database().db,
      deployment: 'live',
      config: { publicUrl: 'https://aura.example.com' },
    });
  });
  afterAll(() => live?.stop());

  it('takes live keys with Ed25519, and neither test keys nor HMAC', async () => {
    const body = JSON.stringify({ agent_name: 'Shopper', public_key: signer.publicKey });
    const { json } = await send(live.url, { method: 'POST', target: '/v1/agents/scouts', body });
    const { scout_id: id, api_key: apiKey, api_secret: apiSecret } = json as Record<string, string>;
    expect(apiKey).toMatch(/^sk_live_/);
    const keys: Ask = { method: 'GET', target: `/v1/agents/${id}/api-keys` };
    const tried = async (headers: Headers1) => send(live.url, keys, headers);
    expect((await tried(keyForm(keys, apiKey ?? '', { by: signer }))).status).toBe(200);
    const hmac = await tried(keyForm(keys, apiKey ?? '', { by: { apiSecret: apiSecret ?? '' } }));
    expect(refusalOf(hmac)).toEqual([401, 'INVALID_SIGNATURE', 'HMAC is accepted in the sandbox only']);
    const mint = createApiKeyMint({ masterSecret: randomBytes(32), deployment: 'sandbox' });
    const testKey = mint.credentialsOf({ id: newId('apiKey'), role: 'scout' }).apiKey;
    expect(refusalOf(await tried(keyForm(keys, testKey, { by: signer })))).toEqual([
      401,
      'INVALID_API_KEY',
      'a test key at a live server',
    ]);
  });

  it('is the one that an HTTP message signature names, whatever the Host header says', async () => {
    const own = newSigner();
    const body = JSON.stringify({ agent_name: 'Shopper', public_key: own.publicKey });
    const { json } = await send(live.url, { method: 'POST', target: '/v1/agents/scouts', body });
    const id = String(json.scout_id);
    const keys: Ask = { method: 'GET', target: `/v1/agents/${id}/api-keys` };
    const as = async (authority: string) =>
      send(live.url, keys, await messageForm(keys, id, { by: own, authority }));
    expect((await as('aura.example.com')).status).toBe(200);
    expect((await as(new URL(live.url).host)).json.error?.details).toMatchObject({
      authority: 'aura.example.com',
    });
  });
});
