/** Personal data at rest: what is sealed opens only where it belongs, under whichever key it was sealed. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PERSONAL_DATA } from '../../domain/personal-data';
import { newKeyLine, parseKeyRing, type KeySource } from '../../domain/sealing';
import { createDb, inTransaction, rows, type Db } from '../../store/db';
import { findSession } from '../../store/sessions';
import { blindIndex, openOne, seal } from '../../store/vault';
import { rewrapAll } from '../../store/vault/rotation';
import { upsertAccount } from '../../store/payment-accounts';
import { newId } from '../../domain/ids';
import { describeWithDatabase, TEST_KEY_LINE } from '../support/database';
import { aDeal, aPrincipal, aSession } from '../support/factories';

jest.setTimeout(60_000);

const KEEPS = 'a lamp with a green shade';

describeWithDatabase('personal data', (database) => {
  const db = () => database().db;

  it('has every column of the table of personal data, and no other is named there', async () => {
    const columns = await rows<{ name: string; type: string }>(
      db(),
      `SELECT table_name || '.' || column_name AS name, data_type AS type FROM information_schema.columns
       WHERE table_schema = 'public'`,
    );
    const types = new Map(columns.map(({ name, type }) => [name, type]));
    for (const [table, { columns: personal }] of Object.entries(PERSONAL_DATA))
      for (const [column, { as }] of Object.entries(personal))
        expect(`${table}.${column} ${types.get(`${table}.${column}`)}`).toMatch(
          as === 'text' ? / text$/ : / jsonb?$/,
        );
  });

  it('is not in the row, and reads as it was written', async () => {
    const session = await aSession(db(), { intent: KEEPS });
    const [stored] = await rows<{ line: string }>(
      db(),
      'SELECT s::text AS line FROM sessions s WHERE id = ?',
      [session.id],
    );
    expect(stored?.line).toContain('aura:1:');
    expect(stored?.line).not.toContain('lamp');
    expect((await findSession(db(), session.id))?.rawIntent).toBe(KEEPS);
  });

  it('opens in no other row and no other column, and not when a bit of it was changed', async () => {
    const [one, other] = [newId('session'), newId('session')];
    const sealed = await seal(
      db(),
      'sessions',
      { row: one, subject: one },
      { raw_intent: KEEPS, interpretation: {} },
    );
    const read = (value: unknown, column: 'raw_intent' | 'interpretation', row: string) =>
      openOne(db(), 'sessions', { value }, { value: column }, () => row);
    expect(await read(sealed.raw_intent, 'raw_intent', one)).toEqual({ value: KEEPS });
    await expect(read(sealed.raw_intent, 'raw_intent', other)).rejects.toThrow(
      /does not open as sessions.raw_intent/,
    );
    await expect(read(sealed.raw_intent, 'interpretation', one)).rejects.toThrow(/does not open/);
    const changed = sealed.raw_intent?.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'));
    await expect(read(changed, 'raw_intent', one)).rejects.toThrow(/does not open/);
  });

  it('cannot be read without the key, nor with another one of the same name', async () => {
    const { id } = await aSession(db(), { intent: KEEPS });
    for (const keys of [undefined, ringOf(newKeyLine('test')), ringOf(newKeyLine('else'))]) {
      const blind = createDb({ url: database().url, applicationName: 'aura-test', poolMax: 1, keys });
      await expect(findSession(blind, id)).rejects.toThrow(/sealed/);
      await blind.destroy();
    }
  });

  it('keeps no key of a transaction that never was', async () => {
    const id = newId('session');
    const place = { row: id, subject: id };
    await expect(
      inTransaction(db(), async (trx) => {
        const { raw_intent: value } = await seal(trx, 'sessions', place, { raw_intent: KEEPS });
        await openOne(trx, 'sessions', { value }, { value: 'raw_intent' }, () => id);
        throw new Error('undone');
      }),
    ).rejects.toThrow('undone');
    const { raw_intent: value } = await seal(db(), 'sessions', place, { raw_intent: KEEPS });
    const fresh = createDb({
      url: database().url,
      applicationName: 'aura-test',
      poolMax: 1,
      keys: ringOf(TEST_KEY_LINE),
    });
    expect(await openOne(fresh, 'sessions', { value }, { value: 'raw_intent' }, () => id)).toEqual({
      value: KEEPS,
    });
    await fresh.destroy();
  });

  it('has one key for a subject, whoever comes first', async () => {
    const id = newId('session');
    const sealed = await Promise.all(
      Array.from({ length: 12 }, () =>
        seal(db(), 'sessions', { row: id, subject: id }, { raw_intent: KEEPS }),
      ),
    );
    expect(new Set(sealed.map(({ raw_intent }) => raw_intent?.split(':')[2])).size).toBe(1);
    expect(new Set(sealed.map(({ raw_intent }) => raw_intent)).size).toBe(12);
  });

  it('knows an account again by a blind index, which says nothing to others', async () => {
    const { id: principalId } = await aPrincipal(db());
    const account = (identifier: string, holderName: string) => ({
      id: newId('paymentAccount'),
      principalId,
      rail: 'rtp' as const,
      asset: 'USD',
      form: 'bank' as const,
      identifier,
      details: { accountNumber: identifier },
      holderName,
    });
    const store = (identifier: string, holderName: string) =>
      inTransaction(db(), (trx) => upsertAccount(trx, account(identifier, holderName)));
    const [first, again, other] = [
      await store('021/77', 'Jane'),
      await store('021/77', 'J. Doe'),
      await store('021/78', 'Jane'),
    ];
    expect(again).toMatchObject({ id: first.id, holderName: 'J. Doe' });
    expect(other.id).not.toBe(first.id);
    expect(await blindIndex(db(), 'payment_accounts.identifier', '021/77')).not.toContain('77');
  });

  describe('under a new key', () => {
    const later = newKeyLine('later');
    const both = `${later}\n${TEST_KEY_LINE}`;
    const withKeys = async <T>(text: string, work: (db: Db) => Promise<T>): Promise<T> => {
      const other = createDb({
        url: database().url,
        applicationName: 'aura-test',
        poolMax: 2,
        keys: ringOf(text),
      });
      try {
        return await work(other);
      } finally {
        await other.destroy();
      }
    };
    const count = async (kek: string) =>
      Number(
        (await rows<{ n: string }>(db(), 'SELECT count(*) AS n FROM data_keys WHERE kek_id = ?', [kek]))[0]
          ?.n,
      );

    it('is written under the newest and read under any; a rotation ended with kill -9 goes on, and loses nothing', async () => {
      const before = await aSession(db(), { intent: KEEPS });
      const deal = await aDeal(db());
      await inTransaction(db(), async (trx) => {
        for (let index = 0; index < 2_000; index++) {
          const id = newId('session');
          await seal(trx, 'sessions', { row: id, subject: id }, { raw_intent: KEEPS });
        }
      });
      const after = await withKeys(both, (newer) => aSession(newer, { intent: `${KEEPS}, later` }));
      expect(await count('later')).toBeGreaterThan(0);
      const all = (await count('later')) + (await count('test'));

      const killed = fork(join(__dirname, '..', 'support', 'rewrap-once.ts'), {
        execArgv: ['--import', 'tsx'],
        env: { ...process.env, DATABASE_URL: database().url, AURA_DATA_KEYS: both.replaceAll('\n', ';') },
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      await once(killed, 'message');
      killed.kill('SIGKILL');
      await once(killed, 'exit');
      const half = await count('later');
      expect(half).toBeGreaterThan(500);
      expect(half).toBeLessThan(all);

      const { under } = await withKeys(both, (newer) => rewrapAll(newer));
      expect(under).toEqual({ later: all });
      await withKeys(later, async (newest) => {
        expect((await findSession(newest, before.id))?.rawIntent).toBe(KEEPS);
        expect((await findSession(newest, after.id))?.rawIntent).toBe(`${KEEPS}, later`);
        expect(deal.id).toMatch(/^txn_/);
      });
      await withKeys(TEST_KEY_LINE, async (old) => {
        await expect(findSession(old, before.id)).rejects.toThrow(/under the key later/);
      });
    });
  });
});

function ringOf(text: string): KeySource {
  const ring = parseKeyRing(text);
  return { read: () => ring };
}
