/** Files of the pages: a closed list, Swagger UI's from its package, each read once. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SAFE_HEADERS } from './html';
import { PAGE_CSS } from './style';
import { TRY_SCRIPT } from './try';

const CSS = 'text/css; charset=utf-8';
const JS = 'text/javascript; charset=utf-8';

const ASSETS: Readonly<Record<string, { contentType: string; read: () => string }>> = {
  'page.css': { contentType: CSS, read: () => PAGE_CSS },
  'try.js': { contentType: JS, read: () => TRY_SCRIPT },
  'swagger-ui.css': { contentType: CSS, read: () => fromPackage('swagger-ui.css') },
  'swagger-ui-bundle.js': { contentType: JS, read: () => fromPackage('swagger-ui-bundle.js') },
};

export const ASSET_NAMES = Object.keys(ASSETS);

function fromPackage(file: string): string {
  return readFileSync(join(dirname(require.resolve('swagger-ui-dist/package.json')), file), 'utf8');
}

const cache = new Map<string, string>();

export function assetAnswer(name: string) {
  if (!Object.hasOwn(ASSETS, name)) return undefined;
  const { contentType, read } = ASSETS[name] as (typeof ASSETS)[string];
  const body = cache.get(name) ?? read();
  cache.set(name, body);
  return {
    status: 200,
    contentType,
    headers: { 'Cache-Control': 'public, max-age=3600', ...SAFE_HEADERS },
    body,
  };
}
