/** Looks through what processes said for what none of them may say. `npm test` ends with it. */
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Beside the logs: secrets of the processes that wrote them, one a line. */
const SECRETS_FILE = 'secrets';

/** Personal data that tests use everywhere, words that they plant, and forms that only secrets have. */
const FORBIDDEN: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a planted word', /plantedq7\w*/i],
  ['a planted account number', /\b7700771\d{7}\b/],
  ["a buyer's name", /Jane Doe/i],
  ["a buyer's e-mail", /jane(\.doe)?@example\.com/i],
  ["a buyer's address", /123 Main (Street|St)\b/i],
  ["a buyer's sentence", /wireless headphones for my commute/i],
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ['an API key', /\b[sb]k_(live|test)_[A-Za-z0-9_-]{20,}/],
  ['a card number', /\b4242424242424242\b/],
];
const SHORTEST_SECRET = 16;
const SHOWN_MAX = 20;

export interface Leak {
  file: string;
  line: number;
  what: string;
}

/** Makes secrets known that are to be looked for. */
export function rememberSecrets(folder: string, secrets: readonly string[]): void {
  appendFileSync(join(folder, SECRETS_FILE), secrets.map((secret) => `${secret}\n`).join(''), {
    mode: 0o600,
  });
}

/** What stands in the logs of a folder and should not. A line counts once. */
export function searchLogs(folder: string): { leaks: Leak[]; lines: number } {
  const known = existsSync(join(folder, SECRETS_FILE))
    ? readFileSync(join(folder, SECRETS_FILE), 'utf8')
    : '';
  const secrets = [...new Set(known.split('\n'))].filter((secret) => secret.length >= SHORTEST_SECRET);
  const leaks: Leak[] = [];
  let lines = 0;
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.log'))) {
    for (const [index, text] of readFileSync(join(folder, file), 'utf8').split('\n').entries()) {
      if (text === '') continue;
      lines++;
      const what = findIn(text, secrets);
      if (what !== undefined) leaks.push({ file, line: index + 1, what });
    }
  }
  return { leaks, lines };
}

function findIn(text: string, secrets: readonly string[]): string | undefined {
  const [what] = FORBIDDEN.find(([, pattern]) => pattern.test(text)) ?? [];
  return what ?? (secrets.some((secret) => text.includes(secret)) ? 'a secret of a process' : undefined);
}

/** Words for the end of a run; what leaked is not repeated. */
export function leakReport({ leaks, lines }: ReturnType<typeof searchLogs>): string {
  if (leaks.length === 0) return `${lines} lines of logs hold nothing that they should not`;
  const shown = leaks.slice(0, SHOWN_MAX).map(({ file, line, what }) => `  ${file}:${line}: ${what}`);
  return [`logs hold what they should not, in ${leaks.length} of ${lines} lines:`, ...shown].join('\n');
}
