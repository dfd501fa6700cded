/**
 * `npm run record-examples`: runs the tests that use the API and keeps one exchange of each route and version from what
 * went over the wire. What no test used keeps the example it had.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format } from 'prettier';
import { operationOf, type Example, type Traffic } from '../../api/openapi/examples';
import { allRoutes } from '../../api/routes';
import { read } from '../support/recording';

const ROOT = join(__dirname, '..', '..');
const TARGET = join(ROOT, 'api', 'examples', 'traffic.json');
const DEFAULT_TESTS = ['test/api', 'test/e2e'];

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'aura-examples-'));
  const tests = process.argv.slice(2);
  // Whether the tests pass is not asked here.
  spawnSync(
    process.execPath,
    [join(ROOT, 'bin', 'run.mjs'), 'test', ...(tests.length > 0 ? tests : DEFAULT_TESTS)],
    {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, AURA_RECORD_EXAMPLES: folder },
    },
  );
  const kept = new Map<string, Example>();
  const before = JSON.parse(readFileSync(TARGET, 'utf8')) as Traffic;
  for (const [operation, examples] of Object.entries(before))
    for (const example of examples.filter((each) => isCurrent(operation, each)))
      kept.set(`${operation}#${example.version}`, example);
  for (const file of readdirSync(folder))
    for (const [key, example] of JSON.parse(readFileSync(join(folder, file), 'utf8')) as [string, Example][])
      kept.set(key, example);
  rmSync(folder, { recursive: true, force: true });
  const traffic: Record<string, Example[]> = {};
  for (const [key, example] of [...kept].sort(([a], [b]) => (a < b ? -1 : 1)))
    (traffic[key.split('#')[0] ?? ''] ??= []).push(example);
  writeFileSync(TARGET, await format(JSON.stringify(traffic), { parser: 'json', printWidth: 110 }));
  process.stdout.write(`${Object.keys(traffic).length} routes have examples\n`);
}

/** Whether an example is still what its route takes and answers. */
function isCurrent(operation: string, { request, status, response }: Example): boolean {
  const route = allRoutes().find((each) => operationOf(each) === operation);
  if (!route || route.response.status !== status) return false;
  const bytes = (value: unknown) => Buffer.from(JSON.stringify(value ?? null));
  return read(route, bytes(request), bytes(response)) !== undefined;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
