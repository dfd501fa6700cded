/** What `npm test` looks for in the logs at its end is found, whichever form it has, and nothing else is. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leakReport, rememberSecrets, searchLogs } from '../../bin/log-search';
import { createLog } from '../../bin/log';
import { generateKeyPair } from '../../domain/keys';
import { planted, plantedAccount } from '../support/planted';

describe('the search through logs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aura-logs-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const SECRET = 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';
  const write = (...lines: string[]) => writeFileSync(join(folder, 'api-1.log'), `${lines.join('\n')}\n`);

  it.each([
    ['a planted word', `{"msg":"sold to ${planted('name').toUpperCase()}"}`],
    ['a planted account number', `transfer from 021000021/${plantedAccount()} refused`],
    ["a buyer's name", 'Jane Doe bought it'],
    ["a buyer's e-mail", 'to jane.doe@example.com'],
    ["a buyer's address", 'ship to 123 Main Street'],
    ["a buyer's sentence", 'asked: I need wireless headphones for my commute, at most'],
    ['a private key', generateKeyPair().privateKeyPem.split('\n')[0] ?? ''],
    ['an API key', 'authorization: Bearer sk_test_0123456789abcdefghijKLMN'],
    ['a card number', 'card 4242424242424242'],
    ['a secret of a process', `key ${SECRET}`],
  ])('finds %s', (what, line) => {
    rememberSecrets(folder, [SECRET]);
    write('{"msg":"ready"}', line);
    const found = searchLogs(folder);
    expect(found).toEqual({ lines: 2, leaks: [{ file: 'api-1.log', line: 2, what }] });
    expect(leakReport(found)).toContain(`api-1.log:2: ${what}`);
    expect(leakReport(found)).not.toContain(line);
  });

  it('finds nothing in what may be said', () => {
    write(
      '{"level":30,"name":"api","msg":"txn_01J00000000000000000000000 cleared"}',
      'sct_01J00000000000000000000000',
    );
    expect(leakReport(searchLogs(folder))).toBe('2 lines of logs hold nothing that they should not');
  });

  it('a log redacts what is personal, however deep it lies', () => {
    const file = join(folder, 'redacted.log');
    const log = createLog('test', 'debug', file);
    const buyer = { name: planted('name'), email: `${planted('mail')}@example.com` };
    log.info(
      { buyer_identity: buyer, body: { buyer_identity: buyer, holder_name: planted('holder') } },
      'commit',
    );
    log.warn(
      { request: { headers: { authorization: `Bearer ${planted('token')}`, 'x-signature': 'abc' } } },
      'odd',
    );
    const detail = `Key (name)=(${planted('row')}) already exists.`;
    log.error(
      {
        err: Object.assign(new Error(`insert into t values ('${planted('value')}') - duplicate`), { detail }),
      },
      'failed',
    );
    log.debug(
      {
        deep: { deeper: { raw_intent: planted('intent'), details: { account_number: planted('account') } } },
      },
      'x',
    );
    log.flush();
    writeFileSync(join(folder, 'api-1.log'), '');
    const found = searchLogs(folder);
    expect(found.lines).toBeGreaterThanOrEqual(4);
    expect(found.leaks).toEqual([]);
  });
});
