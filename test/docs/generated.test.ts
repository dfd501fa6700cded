import { execFileSync } from 'node:child_process';
import { ERROR_CATALOGUE } from '../../domain/errors';
import { LEDGER_EVENTS } from '../../domain/ledger/postings';
import { TRANSITIONS } from '../../domain/lifecycle';
import { read, ROOT } from './files';

test('the generated pages are current', () => {
  const check = () =>
    execFileSync(process.execPath, ['--import', 'tsx', 'bin/docs.ts', '--check'], {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: 'pipe',
    });
  expect(check).not.toThrow();
});

test('every transition, error code and ledger event has its place in them', () => {
  for (const { id } of TRANSITIONS) expect(read('docs/lifecycle.md')).toMatch(new RegExp(`: ${id}$`, 'm'));
  for (const name of Object.keys(ERROR_CATALOGUE)) expect(read('docs/errors.md')).toContain(`| \`${name}\``);
  for (const event of LEDGER_EVENTS) expect(read('docs/ledger.md')).toContain(event.replaceAll('_', ' '));
});
