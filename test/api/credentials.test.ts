/** The credentials of an agent over HTTP: API keys made, rotated and revoked, and a signing key that takes over. */
import { keyRotationBytes } from '../../domain/key-rotation';
import type { Signer } from '../../domain/keys';
import { agentKeysOf, findAgentWithKey } from '../../store/agents';
import { rows } from '../../store/db';
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

describeWithDatabase('credentials', (database) => {
  let sandbox: ApiServer;
  let scout: Member;
  let other: Member;

  beforeAll(async () => {
    sandbox = await startApiServer({ db: database().db, deployment: 'sandbox' });
    [scout, other] = await Promise.all([aScout(sandbox), aScout(sandbox)]);
  });
  afterAll(() => sandbox?.stop());

  const authority = () => new URL(sandbox.url).host;
  const ask = (what: Ask, headers: Headers1) => send(sandbox.url, what, headers);

  describe('an API key', () => {
    describe('that is', () => {
      const act = async (member: Member, method: string, path: string, body?: unknown) => {
        const what = {
          method,
          target: `/v1/agents/${member.id}/api-keys${path}`,
          ...(body !== undefined && { body: JSON.stringify(body) }),
        };
        return ask(what, agentForm(what, member.id, { by: member.signer }));
      };
      const firstKey = async (member: Member) => {
        const { json } = await act(member, 'GET', '');
        return (json.api_keys as { key_id: string; prefix: string }[])[0] ?? { key_id: '', prefix: '' };
      };

      it('rotated is replaced at once', async () => {
        const member = await aScout(sandbox);
        const { key_id } = await firstKey(member);
        const { status, json } = await act(member, 'POST', `/${key_id}/rotation`, {});
        expect([status, json.replaces]).toEqual([201, key_id]);
        expect(refusalOf(await ask(READ_SESSION, bearer(member.apiKey)))).toEqual([
          401,
          'INVALID_API_KEY',
          'rotated',
        ]);
        expect((await ask(READ_SESSION, bearer(String(json.api_key)))).json.error?.code).toBe(
          'SESSION_NOT_FOUND',
        );
        const hmac = keyForm(keysOf(member), String(json.api_key), {
          by: { apiSecret: String(json.api_secret) },
        });
        expect((await ask(keysOf(member), hmac)).status).toBe(200);
        const again = await act(member, 'POST', `/${key_id}/rotation`, {});
        expect([again.status, again.json.error?.details.reason]).toEqual([400, 'rotated before']);
      });

      it('rotated with an overlap counts until then, unless it is revoked', async () => {
        const member = await aScout(sandbox);
        const { key_id } = await firstKey(member);
        const tooLong = await act(member, 'POST', `/${key_id}/rotation`, { overlap_seconds: 86_401 });
        expect(tooLong.json.error?.details.field).toBe('overlap_seconds');
        await act(member, 'POST', `/${key_id}/rotation`, { overlap_seconds: 60 });
        expect((await ask(READ_SESSION, bearer(member.apiKey))).json.error?.code).toBe('SESSION_NOT_FOUND');
        expect((await act(member, 'DELETE', `/${key_id}`)).json).toMatchObject({ status: 'revoked' });
        expect(refusalOf(await ask(READ_SESSION, bearer(member.apiKey)))[2]).toBe('revoked');
      });

      it('revoked is good for nothing', async () => {
        const member = await aScout(sandbox);
        const { key_id, prefix } = await firstKey(member);
        expect(member.apiKey.startsWith(prefix)).toBe(true);
        expect((await act(member, 'DELETE', `/${key_id}`)).status).toBe(200);
        expect((await act(member, 'DELETE', `/${key_id}`)).status).toBe(200);
        expect(refusalOf(await ask(READ_SESSION, bearer(member.apiKey)))).toEqual([
          401,
          'INVALID_API_KEY',
          'revoked',
        ]);
        const signed = keyForm(keysOf(member), member.apiKey, { by: member.signer });
        expect((await ask(keysOf(member), signed)).json.error?.code).toBe('INVALID_API_KEY');
      });

      it('somebody else’s is not there', async () => {
        const { key_id } = await firstKey(other);
        expect((await act(scout, 'DELETE', `/${key_id}`)).json.error?.code).toBe('RESOURCE_NOT_FOUND');
      });

      it('one too many is refused', async () => {
        const member = await aScout(sandbox);
        for (let made = 1; made < 20; made++) expect((await act(member, 'POST', '', {})).status).toBe(201);
        expect((await act(member, 'POST', '', {})).json.error?.code).toBe('INVALID_PARAMETER');
      });
    });

    it('is told again under its idempotency key to whoever signs again, and to nobody else', async () => {
      const what = newApiKey(scout);
      const once = { 'x-idempotency-key': 'another-key' };
      const headers = { ...agentForm(what, scout.id, { by: scout.signer }), ...once };
      const first = await ask(what, headers);
      expect(refusalOf(await ask(what, headers))).toEqual([401, 'INVALID_SIGNATURE', 'replayed']);
      const again = await ask(what, { ...agentForm(what, scout.id, { by: scout.signer }), ...once });
      expect(again.json).toEqual(first.json);
    });
  });

  describe('the key that an agent signs with', () => {
    const takeOver = (member: Member, next: Signer, more: Record<string, unknown> = {}): Ask => {
      const signed = keyRotationBytes({ agentId: member.id, publicKey: next.publicKey });
      const signatures = {
        new_key_signature: next.sign(signed),
        old_key_signature: member.signer.sign(signed),
      };
      const body = JSON.stringify({ public_key: next.publicKey, ...signatures, ...more });
      return { method: 'POST', target: `/v1/agents/${member.id}/keys`, body };
    };
    const replace = (member: Member, next: Signer, more: Record<string, unknown> = {}) => {
      const what = takeOver(member, next, more);
      return ask(what, agentForm(what, member.id, { by: member.signer }));
    };
    const mayRead = async (member: Member, by: Signer) =>
      (await ask(keysOf(member), agentForm(keysOf(member), member.id, { by }))).status === 200;

    it('is replaced with the word of both keys, and counts no more', async () => {
      const member = await aScout(sandbox);
      const next = newSigner();
      const { status, json } = await replace(member, next);
      expect([status, json.status, json.public_key]).toEqual([201, 'current', next.publicKey]);
      expect([await mayRead(member, member.signer), await mayRead(member, next)]).toEqual([false, true]);
      const old = keyForm(keysOf(member), member.apiKey, { by: member.signer });
      expect((await ask(keysOf(member), old)).json.error?.code).toBe('INVALID_SIGNATURE');
      const message = await messageForm(keysOf(member), member.id, {
        by: member.signer,
        authority: authority(),
      });
      expect((await ask(keysOf(member), message)).json.error?.code).toBe('INVALID_SIGNATURE');
    });

    it('takes its principal along, where both had the same key', async () => {
      const member = await aScout(sandbox);
      const next = newSigner();
      await replace(member, next);
      const known = await rows<{ key: string }>(
        database().db,
        'SELECT p.public_key AS key FROM principals p JOIN agents a ON a.principal_id = p.id WHERE a.id = ?',
        [member.id],
      );
      expect(known).toEqual([{ key: next.publicKey }]);
    });

    it('leaves offers verifiable: the key that signed them is still told', async () => {
      const member = await aBeacon(sandbox);
      const { keyId } = (await findAgentWithKey(database().db, member.id)) ?? { keyId: '' };
      await replace(member, newSigner());
      const kept = await agentKeysOf(database().db, member.id, 10);
      expect(kept).toContainEqual(
        expect.objectContaining({ id: keyId, publicKey: member.signer.publicKey, ended: true }),
      );
    });

    it('still counts for an overlap, until it is ended', async () => {
      const member = await aScout(sandbox);
      const next = newSigner();
      await replace(member, next, { overlap_seconds: 600 });
      expect([await mayRead(member, member.signer), await mayRead(member, next)]).toEqual([true, true]);
      const list: Ask = { method: 'GET', target: `/v1/agents/${member.id}/keys` };
      const { json } = await ask(list, agentForm(list, member.id, { by: next }));
      const keys = json.keys as { key_id: string; status: string }[];
      expect(keys.map(({ status }) => status)).toEqual(['current', 'replaced']);
      const end = (id = ''): Ask => ({ method: 'DELETE', target: `${list.target}/${id}` });
      const current = end(keys[0]?.key_id);
      expect((await ask(current, agentForm(current, member.id, { by: next }))).status).toBe(400);
      const replaced = end(keys[1]?.key_id);
      expect((await ask(replaced, agentForm(replaced, member.id, { by: next }))).json.status).toBe('ended');
      expect([await mayRead(member, member.signer), await mayRead(member, next)]).toEqual([false, true]);
    });

    it.each<[string, (member: Member, next: Signer) => Record<string, unknown>, string]>([
      [
        'without the new key’s word',
        (member) => ({ new_key_signature: member.signer.sign('x') }),
        'new_key_signature',
      ],
      [
        'without the old key’s word',
        (_member, next) => ({ old_key_signature: next.sign('x') }),
        'old_key_signature',
      ],
    ])('is not replaced %s', async (_what, more, field) => {
      const member = await aScout(sandbox);
      const next = newSigner();
      const answer = await replace(member, next, more(member, next));
      expect([answer.status, answer.json.error?.details.field]).toEqual([401, field]);
      expect(await mayRead(member, member.signer)).toBe(true);
    });

    it('is not replaced by one that an agent has or had, nor on the word of an API key alone', async () => {
      const member = await aScout(sandbox);
      expect((await replace(member, other.signer)).json.error?.details.reason).toBe('in use');
      const next = newSigner();
      await replace(member, next);
      const back = await replace({ ...member, signer: next }, member.signer);
      expect(back.json.error?.details.reason).toBe('in use');
      const answer = await ask(takeOver(scout, newSigner()), { authorization: `Bearer ${scout.apiKey}` });
      expect(answer.json.error?.code).toBe('AUTHENTICATION_REQUIRED');
    });
  });
});
