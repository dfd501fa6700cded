/** Reconciliation over HTTP: files, matches by hand, breaks and the report in its three forms. */
import { newId } from '../../domain/ids';
import { requestSigningBytes } from '../../domain/request-signature';
import { AuraApiError } from '../../sdk';
import type { ReconciliationReport } from '../../sdk/types';
import { keyPairFrom } from '../../sdk';
import { testEnvironment, type TestEnvironment } from '../support/environment';
import { describeOnServer } from '../support/on-server';
import { aMovement, storeMovements } from '../support/statement-world';

jest.setTimeout(120_000);

describeOnServer('reconciliation', () => {
  let env: TestEnvironment;
  beforeAll(async () => {
    env = await testEnvironment();
  });
  afterAll(() => env?.stop());

  const csv = (...rows: string[]) =>
    ['date,reference,type,amount,fee,currency,instruction_id', ...rows, ''].join('\n');
  const importCsv = (content: string) =>
    env.operator.importStatement({ rail: 'card', format: 'card-csv', content, network: 'sandbox' });
  const report = async () =>
    (await env.operator.reconciliationReport({ rail: 'card' })) as ReconciliationReport;
  const refusal = async (work: Promise<unknown>) => {
    const error: unknown = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error instanceof AuraApiError) return error;
    throw error instanceof Error ? error : new Error('it was accepted');
  };

  test('a file is matched, shows what nobody explains, and is taken in once', async () => {
    const payment = aMovement({ at: '2026-05-04T10:00:00.000Z' });
    await storeMovements(env.db, 'card', [payment]);
    const content = csv(
      `2026-05-04,${payment.reference},capture,100.00,2.90,USD,${payment.id}`,
      "2026-05-04,<b>'&x'</b>,refund,5.00,,USD,",
    );
    const file = await importCsv(content);
    expect(file).toMatchObject({ lines: 2, new_lines: 2, matched: 1, again: false });
    expect(await importCsv(content)).toMatchObject({
      run_id: file.run_id,
      new_lines: 0,
      matched: 0,
      again: true,
    });

    const { days, matches, breaks, ageing, totals } = await report();
    expect(days).toMatchObject([
      {
        business_date: '2026-05-04',
        credits: '100.00',
        debits: '5.00',
        fees: '2.90',
        unmatched: '-5.00',
        ties: true,
      },
    ]);
    expect(totals.map(({ difference }) => difference)).toEqual(totals.map(() => '0.00'));
    expect(matches).toMatchObject([{ rule: 'exact', lines: 1 }]);
    expect(breaks).toMatchObject([{ kind: 'missing_in_ledger', actual: '5.00', status: 'open', age: '0-1' }]);
    expect(ageing).toMatchObject([{ kind: 'missing_in_ledger', age: '0-1', count: 1 }]);

    const page = await read('/v1/reconciliation/reports?format=html&rail=card', 'text/html');
    expect(page).toContain('The books tie to the statements');
    expect(page).toContain('&lt;b&gt;&#39;&amp;x&#39;&lt;/b&gt;');
    expect(page).not.toMatch(/<b>|<script|http/);
    expect(await read('/v1/reconciliation/reports?format=csv&rail=card', 'text/csv')).toContain('100.00');

    const [found] = breaks;
    const decided = await env.operator.matchLines({
      lines: [found?.line ?? ''],
      reason: 'a goodwill refund',
    });
    expect(decided).toMatchObject({ rule: 'accepted', difference: '5.00', currency: 'USD' });
    expect((await report()).breaks).toMatchObject([{ status: 'resolved', resolution: 'matched' }]);
    expect((await report()).days).toMatchObject([{ unmatched: '0.00', ties: true }]);
  });

  test('a file that is wrong is refused whole, with its line and field', async () => {
    const content = csv('2026-05-05,cap_1,capture,1.00,,USD,', '2026-05-05,cap_2,capture,one,,USD,');
    const error = await refusal(importCsv(content));
    expect(error).toMatchObject({ code: 'INVALID_REQUEST', details: { line: 3, field: 'amount' } });
    const stored = await env.db('statement_lines').where({ reference: 'cap_1' });
    expect(stored).toEqual([]);
    expect(await refusal(importCsv(content))).toMatchObject({ code: 'INVALID_REQUEST' });
    const elsewhere = env.operator.importStatement({ rail: 'rtp', format: 'card-csv', content });
    expect(await refusal(elsewhere)).toMatchObject({ code: 'INVALID_PARAMETER' });
  });

  test('a day before the calendar is refused, in a question and in a file', async () => {
    const from = await refusal(env.operator.reconciliationReport({ from: '0000-02-29', to: '1704-02-29' }));
    expect(from).toMatchObject({ code: 'INVALID_PARAMETER', details: { field: 'from' } });
    const file = await refusal(importCsv(csv('0000-02-29,cap_0,capture,1.00,,USD,')));
    expect(file).toMatchObject({ code: 'INVALID_REQUEST', details: { line: 2, field: 'date' } });
  });

  test('a break is closed by an operator with a reason', async () => {
    await importCsv(csv('2026-05-06,cap_9,capture,9.00,,USD,'));
    const { breaks } = await report();
    const open = breaks.find(({ status }) => status === 'open');
    const id = open?.break_id ?? '';
    expect(await env.operator.resolveBreak(id, 'told twice by the processor')).toMatchObject({
      status: 'resolved',
      resolution: 'operator',
      reason: 'told twice by the processor',
    });
    expect(await refusal(env.operator.resolveBreak(id, 'once more'))).toMatchObject({
      code: 'SESSION_STATE_CONFLICT',
    });
    expect(await refusal(env.operator.resolveBreak(newId('break'), 'none'))).toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
    });
    expect(await refusal(env.operator.matchLines({ lines: ['1'], reason: 'no' }))).toMatchObject({
      code: 'INVALID_PARAMETER',
    });
  });

  async function read(target: string, type: string): Promise<string> {
    const timestamp = new Date().toISOString();
    const { agentId, secretKey } = env.platform.operator;
    const bytes = requestSigningBytes({ method: 'GET', target, timestamp, body: '' });
    const response = await fetch(env.http.baseUrl + target, {
      headers: {
        'x-agent-id': agentId,
        'x-timestamp': timestamp,
        'x-signature': keyPairFrom(secretKey).sign(bytes),
      },
    });
    expect(response.headers.get('content-type')).toContain(type);
    return response.text();
  }
});
