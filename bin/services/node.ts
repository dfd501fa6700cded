import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What Node needs before a script's name to run TypeScript. */
export function tsxArguments(): string[] {
  const loader = join(__dirname, '..', '..', 'node_modules', 'tsx', 'dist', 'loader.mjs');
  return ['--import', pathToFileURL(loader).href];
}
