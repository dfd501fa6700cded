/** `verify-bundle <file> [--aura-key <key>]`: checks an evidence bundle offline, and ends with 1 where a check fails. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import colors from 'picocolors';
import { verifyBundle, type BundleCheck } from '../domain/evidence';
import { parsePublicKey } from '../domain/keys';

const USAGE = 'usage: verify-bundle <file> [--aura-key <base64, PEM, JWK or did:key>]';

function main(): number {
  const { values, positionals } = parseArgs({
    options: { 'aura-key': { type: 'string' } },
    allowPositionals: true,
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new Error(USAGE);
  const auraKey = values['aura-key'] === undefined ? undefined : parsePublicKey(values['aura-key']);
  const checks = verifyBundle(
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file)),
    auraKey,
  );
  print(checks);
  return checks.every(({ passed }) => passed) ? 0 : 1;
}

function print(checks: readonly BundleCheck[]): void {
  const table = new Table({
    head: ['check', '', 'detail'],
    style: { head: [], border: [] },
    colWidths: [24, 8, 76],
    wordWrap: true,
  });
  for (const { check, passed, detail } of checks) {
    table.push([check, passed ? colors.green('holds') : colors.red('FAILS'), detail]);
  }
  const failed = checks.filter(({ passed }) => !passed).length;
  const verdict =
    failed === 0
      ? 'The bundle holds.'
      : `The bundle does not hold: ${failed} of ${checks.length} checks failed.`;
  process.stdout.write(`${table.toString()}\n${verdict}\n`);
}

try {
  process.exitCode = main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
