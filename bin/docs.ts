/** `npm run docs` writes the generated documentation; `npm run docs -- --check` fails where a file is out of date. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { format } from 'prettier';
import { openApiDocument } from '../api/openapi';
import { allRoutes } from '../api/routes';
import { errorsPage } from './docs/errors';
import { ledgerPage } from './docs/ledger';
import { lifecyclePage } from './docs/lifecycle';
import { profilesPage } from './docs/profiles';
import { railPortFiles } from './docs/rail-port';

const FOLDER = join(__dirname, '..', 'docs');

const PAGES: Readonly<Record<string, () => string>> = {
  'lifecycle.md': lifecyclePage,
  'errors.md': errorsPage,
  'profiles.md': profilesPage,
  'ledger.md': ledgerPage,
  'openapi.json': () => JSON.stringify(openApiDocument(allRoutes())),
  ...railPortFiles(),
};

async function main(): Promise<void> {
  const check = process.argv.includes('--check');
  for (const [name, page] of Object.entries(PAGES)) {
    const path = join(FOLDER, name);
    const wanted = await render(name, page());
    if (existsSync(path) && readFileSync(path, 'utf8') === wanted) continue;
    if (check) {
      console.error(`docs/${name} is out of date: npm run docs`);
      process.exitCode = 1;
    } else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, wanted);
      console.log(`docs/${name} written`);
    }
  }
}

/** In the house's own layout, so that the formatter finds nothing to change. */
function render(name: string, page: string): Promise<string> {
  if (name === 'openapi.json') return Promise.resolve(`${JSON.stringify(JSON.parse(page), null, 2)}\n`);
  return format(page, { parser: name.endsWith('.json') ? 'json' : 'markdown', printWidth: 110 });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
