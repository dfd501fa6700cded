import { read, tableRows } from './files';

const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string> | undefined>;
const page = read('docs/dependencies.md');

test.each([
  ['At run time', 'dependencies'],
  ['For development', 'devDependencies'],
  ['Overrides', 'overrides'],
])('%s: every package has its reason, and no reason is stale', (heading, field) => {
  const rows = tableRows(page, heading);
  const names = rows.map(([name = '']) => name.replaceAll('`', ''));
  expect(names).toEqual(Object.keys(manifest[field] ?? {}));
  for (const [name, reason = ''] of rows)
    expect({ name, isSaid: reason.length > 5 }).toEqual({ name, isSaid: true });
});
