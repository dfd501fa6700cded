/** Reading the repository's own files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(__dirname, '..', '..');

export const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Variables that any process checks at its start. */
export function configVariables(): string[] {
  return [...new Set(matches(read('bin/config.ts'), /^ +([A-Z][A-Z0-9_]+): /gm))];
}

export function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, found = '']) => found);
}

/** Rows of every Markdown table under a heading, as cells. */
export function tableRows(markdown: string, heading: string): string[][] {
  const section = markdown.split(new RegExp(`^#+ ${heading}$`, 'm'))[1]?.split(/^#+ /m)[0] ?? '';
  const lines = section.split('\n').filter((line) => /^\|(?! *-)/.test(line));
  return lines.slice(1).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}
