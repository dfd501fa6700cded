/** What the pages say about the repository is so: their links lead somewhere, and their commands exist. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { matches, read, ROOT } from './files';

const PAGES = [
  'README.md',
  'sdk/README.md',
  ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`),
].filter((path) => path.endsWith('.md'));

test.each(PAGES)('every link of %s leads to a file', (path) => {
  const targets = matches(read(path), /\]\(([^)]+)\)/g).filter((target) => !/^https?:/.test(target));
  const missing = targets.filter(
    (target) => !existsSync(join(ROOT, dirname(path), target.split('#')[0] ?? '')),
  );
  expect(missing).toEqual([]);
});

test('every npm command that the pages name exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  for (const path of PAGES) {
    for (const name of matches(read(path), /npm run ([a-z]+)/g)) expect(Object.keys(scripts)).toContain(name);
  }
});
