import { ERROR_CATALOGUE } from '../../../domain/errors';
import { EVENT_TYPES } from '../../../domain/events';
import { page, table } from '../markdown';
import { PARTS } from './parts';
import { rowsOf, type Section } from './row';
import { testFile, TESTS, type TestName } from './tests';

const CODES = new Set(['field', 'header', 'scope', 'event', 'endpoint', 'error', 'id prefix', 'rail']);

export function protocolPage(): string {
  return page(
    'The protocol, item by item',
    'bin/docs/protocol',
    'Every item of protocols 1.0.0 and 2.2: whether it is `built`, how it `differs` and why, or what is `open`, and the test that shows it. The tests are listed at the end by their names here. A test holds this table to the routes, schemas and catalogues of the code.',
    ...PARTS.flatMap(({ version, sections }) => [
      `## Protocol ${version}`,
      ...sections.flatMap((section) => [`### ${section.title}`, ...about(section), rows(section)]),
    ]),
    '## Beyond both',
    `Error codes: ${listed(Object.keys(ERROR_CATALOGUE), 'error')}.`,
    `Events: ${listed(EVENT_TYPES, 'event')}.`,
    'Everything else that the API has is in [the OpenAPI document](openapi.json).',
    '## Tests',
    table(['test', 'file', 'its name has'], usedTests().map(testRow)),
  );
}

function about({ of }: Section): string[] {
  return of === undefined ? [] : [`Of \`${of}\`.`];
}

function rows(section: Section): string {
  const quoted = CODES.has(section.kind) || section.kind.endsWith('status') || section.kind === 'state';
  return table(
    [section.kind, 'state', 'why', 'test'],
    rowsOf(section).map(({ item, differs, open, test }) => [
      quoted ? `\`${item}\`` : item,
      open ? 'open' : differs ? 'differs' : 'built',
      open ?? differs ?? '',
      open ? '' : test,
    ]),
  );
}

/** What the code has of a kind and neither protocol names. */
function listed(names: readonly string[], kind: Section['kind']): string {
  const sections = PARTS.flatMap(({ sections: all }) => all).filter((section) => section.kind === kind);
  const told = new Set(sections.flatMap(rowsOf).map(({ item }) => item.split(' ')[0]));
  return names
    .filter((name) => !told.has(name))
    .map((name) => `\`${name}\``)
    .join(', ');
}

function usedTests(): TestName[] {
  const used = new Set(PARTS.flatMap(({ sections }) => sections.flatMap(rowsOf)).map(({ test }) => test));
  return (Object.keys(TESTS) as TestName[]).filter((name) => used.has(name));
}

function testRow(name: TestName): string[] {
  const file = testFile(name);
  return [name, `[${file}](../${file})`, TESTS[name][1]];
}
