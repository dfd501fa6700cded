import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { newId } from '../../domain/ids';
import { verifySignature } from '../../domain/keys';
import { executed } from '../contract/expectations';
import { createCardHarness, SUCCEEDS, type CardHarness } from '../support/card-harness';

describe('the sandbox card processor', () => {
  let rail: CardHarness;
  beforeAll(async () => {
    rail = await createCardHarness();
  });
  afterAll(() => rail?.stop());

  const agreement = async () => {
    const accountRef = await rail.aCard(SUCCEEDS);
    const account = await rail.directory.account(accountRef);
    const answer = await rail.ask(
      'POST',
      '/agreements',
      {
        token: 'token' in account ? account.token : '',
        ceiling_minor: '100000',
        currency: 'USD',
        expires_at: new Date(Date.now() + 3_600_000).toISOString(),
        reference: newId('mandate'),
      },
      { 'idempotency-key': newId('mandate') },
    );
    return (answer.body as { id: string }).id;
  };
  const authorize = async (key: string, amount = '5000', agreementId?: string) =>
    rail.ask(
      'POST',
      '/authorizations',
      {
        agreement: agreementId ?? (await agreement()),
        amount_minor: amount,
        currency: 'USD',
        reference: key,
        commitment_hash: 'ab'.repeat(32),
      },
      { 'idempotency-key': key },
    );
  const idOf = ({ body }: { body: unknown }) => (body as { id: string }).id;
  const post = (path: string, body: unknown, key = newId('event')) =>
    rail.ask('POST', path, body, { 'idempotency-key': key });

  it('replays the answer to an idempotency key, and refuses it for another question', async () => {
    const key = newId('instruction');
    const mine = await agreement();
    const first = await authorize(key, '5000', mine);
    const again = await authorize(key, '5000', mine);
    expect(again.text).toBe(first.text);
    expect(again.headers['idempotent-replayed']).toBe('true');
    const other = await authorize(key, '5001', mine);
    expect(other).toMatchObject({ status: 409, body: { error: { code: 'idempotency_conflict' } } });
    const found = await rail.ask('GET', `/authorizations?idempotency_key=${key}`);
    expect((found.body as { data: unknown[] }).data).toEqual([first.body]);
    expect(await rail.ask('POST', '/authorizations', {})).toMatchObject({ status: 400 });
    await rail.crashNetwork();
    expect((await authorize(key, '5000', mine)).text).toBe(first.text);
  });

  it('captures in part, once, and lets the rest of the hold go', async () => {
    const id = idOf(await authorize(newId('instruction')));
    const above = await post(`/authorizations/${id}/capture`, { amount_minor: '5001' });
    expect(above).toMatchObject({ status: 422, body: { error: { code: 'capture_exceeds_authorization' } } });
    const part = await post(`/authorizations/${id}/capture`, { amount_minor: '2000' });
    // 2.9 % of 20.00 and 0.30.
    expect(part.body).toMatchObject({ amount_minor: '2000', authorized_minor: '5000', fee_minor: '88' });
    const token = (part.body as { token: string }).token;
    const shown = await rail.operator.call('GET', `tokens/${token}`);
    expect(shown.body).toMatchObject({ balanceMinor: '999998000', heldMinor: '0' });
    expect(await post(`/authorizations/${id}/capture`, {})).toMatchObject({ status: 422 });
    expect(await post(`/authorizations/${id}/void`, {})).toMatchObject({ status: 422 });
  });

  it('lets nobody in without the key, and the publishable key only to the vault', async () => {
    const withKey = (key: string, path: string, body: unknown) =>
      rail.ask('POST', path, body, { authorization: `Bearer ${key}`, 'idempotency-key': 'k' });
    const card = { number: SUCCEEDS, exp_month: 1, exp_year: 2099 };
    expect(await withKey('sk_sandbox_wrong', '/tokens', card)).toMatchObject({ status: 401 });
    const publishable = rail.info().publishableKey ?? '';
    expect(await withKey(publishable, '/tokens', card)).toMatchObject({ status: 201 });
    expect(await withKey(publishable, '/agreements', {})).toMatchObject({ status: 403 });
  });

  it('signs every answer, refusals too', async () => {
    for (const path of ['/captures/cap_none', '/captures?reference=none', '/nowhere']) {
      const { text, headers } = await rail.ask('GET', path);
      const signature = String(headers['x-processor-signature']);
      expect(verifySignature(rail.networkKey, text, signature)).toBe(true);
      expect(verifySignature(rail.networkKey, `${text} `, signature)).toBe(false);
    }
  });

  it('reports its settlements as CSV with the same figures', async () => {
    executed(await rail.adapter.submit(await rail.instruct('pay_in')));
    const query = `/settlements?from=${new Date(0).toISOString()}&to=${new Date().toISOString()}`;
    const csv = await rail.ask('GET', query, undefined, { accept: 'text/csv' });
    const rows = parse<Record<string, string>>(csv.text, { columns: true });
    const minor = (row: Record<string, string> | undefined, column: string) => BigInt(row?.[column] || '0');
    const moved = rows
      .slice(1, -1)
      .map(
        (row) =>
          (row.direction === 'credit' ? 1n : -1n) * minor(row, 'gross_minor') - minor(row, 'fee_minor'),
      );
    const total = moved.reduce((sum, amount) => sum + amount, minor(rows[0], 'gross_minor'));
    expect(rows[0]).toMatchObject({ type: 'opening_balance', gross_minor: '1000000000' });
    expect(total).toBe(minor(rows.at(-1), 'gross_minor'));
    expect(total).toBe(await rail.balanceMinor());
  });

  it.each([
    ['line_missing', []],
    ['line_amount', ['35090']],
    ['line_duplicate', ['34990', '34990']],
  ] as const)('shows a wrong settlement report on demand (%s)', async (kind, amounts) => {
    const from = new Date().toISOString();
    await rail.misbehave(kind);
    const signed = await rail.instruct('pay_in');
    executed(await rail.adapter.submit(signed));
    const statement = await rail.adapter.statement({ from, to: new Date(Date.now() + 60_000).toISOString() });
    const shown: string[] = [];
    for await (const line of statement.lines)
      if (line.instruction_id === signed.instruction.instruction_id) shown.push(line.amount_minor);
    expect(shown).toEqual(amounts);
    expect(statement.closingMinor - statement.openingMinor).toBe(33_945n);
  });

  it('reads its settlement report page by page', async () => {
    const from = new Date().toISOString();
    const account = await rail.anAccount();
    const debtor = { account_ref: account, mandate_ref: await rail.aMandate(account) };
    for (let count = 0; count < 5; count += 1)
      executed(await rail.adapter.submit(await rail.instruct('pay_in', { debtor, amount_minor: '100' })));
    const to = new Date(Date.now() + 60_000).toISOString();
    const ids: string[] = [];
    let start: number | null = 0;
    while (start !== null) {
      const page = await rail.ask('GET', `/settlements?from=${from}&to=${to}&start=${start}&limit=2`);
      const { lines, next } = page.body as { lines: { id: string }[]; next: number | null };
      ids.push(...lines.map(({ id }) => id));
      start = next;
    }
    expect(new Set(ids).size).toBe(5);
    expect(ids).toHaveLength(5);
  });

  it('keeps no card number on disk', async () => {
    await rail.aCard(SUCCEEDS);
    const folder = join(rail.dataDir, 'card');
    for (const file of await readdir(folder))
      expect(await readFile(join(folder, file), 'utf8')).not.toContain(SUCCEEDS);
  });

  it('goes wrong at a rate, the same way for the same seed', async () => {
    const run = async () => {
      await rail.operator.call('PUT', 'misbehaviours/seed', { seed: 7 });
      const account = await rail.anAccount();
      const debtor = { account_ref: account, mandate_ref: await rail.aMandate(account) };
      const outcomes: string[] = [];
      for (let count = 0; count < 12; count += 1) {
        const signed = await rail.instruct('pay_in', { debtor, amount_minor: '100' });
        outcomes.push((await rail.adapter.submit(signed)).outcome);
      }
      return outcomes;
    };
    await rail.operator.call('POST', 'misbehaviours', { kind: 'do_not_honor', rateBps: 5_000 });
    const first = await run();
    expect(new Set(first)).toEqual(new Set(['executed', 'rejected']));
    expect(await run()).toEqual(first);
    await rail.operator.call('DELETE', 'misbehaviours');
  });
});
