/** `npm run docs` writes the generated documentation; `npm run docs -- --check` fails where a file is out of date. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { asyncApiDocument } from '../api/asyncapi';
import { openApiDocument } from '../api/openapi';
import { allRoutes } from '../api/routes';
import { errorsPage } from './docs/errors';
import { eventsPage } from './docs/events';
import { ledgerPage } from './docs/ledger';
import { lifecyclePage } from './docs/lifecycle';
import { policiesPage } from './docs/policies';
import { paymentsPage } from './docs/payments';
import { personalDataPage } from './docs/personal-data';
import { profilesPage } from './docs/profiles';
import { railPortFiles } from './docs/rail-port';
import { protocolPage } from './docs/protocol';
import { sdkTypes } from './docs/sdk-types';

const FOLDER = join(__dirname, '..', 'docs');

const PAGES: Readonly<Record<string, () => string | Promise<string>>> = {
  'lifecycle.md': lifecyclePage,
  'errors.md': errorsPage,
  'events.md': eventsPage,
  'policies.md': policiesPage,
  'profiles.md': profilesPage,
  'personal-data.md': personalDataPage,
  'payments.md': paymentsPage,
  'protocol.md': protocolPage,
  'ledger.md': ledgerPage,
  'openapi.json': () => JSON.stringify(openApiDocument(allRoutes())),
  'asyncapi.json': () => JSON.stringify(asyncApiDocument()),
  '../sdk/types.generated.ts': () => sdkTypes(openApiDocument(allRoutes()), asyncApiDocument()),
  ...railPortFiles(),
};

async function main(): Promise<void> {
  const check = process.argv.includes('--check');
  for (const [name, page] of Object.entries(PAGES)) {
    const path = join(FOLDER, name);
    const wanted = await render(name, await page());
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
async function render(name: string, page: string): Promise<string> {
  if (name.endsWith('.ts'))
    return format(page, { ...(await resolveConfig(__filename)), parser: 'typescript' });
  if (/^(open|async)api\.json$/.test(name)) return `${JSON.stringify(JSON.parse(page), null, 2)}\n`;
  return format(page, { parser: name.endsWith('.json') ? 'json' : 'markdown', printWidth: 110 });
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
