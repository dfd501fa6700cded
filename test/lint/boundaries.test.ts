/** The rules of the house hold: `npm run lint` refuses what must not be, and nothing else. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

interface Case {
  what: string;
  /** An existing file, in whose place the code is linted. */
  filePath: string;
  code: string;
  refusedBy?: string;
}

const BOUNDARIES = 'boundaries/dependencies';
const RESTRICTED = 'no-restricted-imports';

const use = (names: string, from: string) =>
  `import { ${names} } from '${from}';\nexport const used = ${names};\n`;
const useType = (name: string, from: string) =>
  `import type { ${name} } from '${from}';\nexport type Used = ${name};\n`;

const CASES: readonly Case[] = [
  {
    what: 'domain imports store',
    filePath: 'domain/money.ts',
    code: use('createDb', '../store/db'),
    refusedBy: BOUNDARIES,
  },
  {
    what: 'domain imports a type of store',
    filePath: 'domain/money.ts',
    code: useType('Db', '../store/db'),
    refusedBy: BOUNDARIES,
  },
  {
    what: 'domain imports node:fs',
    filePath: 'domain/money.ts',
    code: use('readFileSync', 'node:fs'),
    refusedBy: RESTRICTED,
  },
  {
    what: 'domain imports fs/promises',
    filePath: 'domain/money.ts',
    code: use('readFile', 'fs/promises'),
    refusedBy: RESTRICTED,
  },
  {
    what: 'domain imports a client of Temporal',
    filePath: 'domain/money.ts',
    code: use('Client', '@temporalio/client'),
    refusedBy: RESTRICTED,
  },
  { what: 'domain imports domain', filePath: 'domain/money.ts', code: use('newId', './ids') },
  { what: 'store imports domain', filePath: 'store/clock.ts', code: use('newId', '../domain/ids') },
  {
    what: 'store imports rails',
    filePath: 'store/clock.ts',
    code: use('createRailAdapter', '../rails'),
    refusedBy: BOUNDARIES,
  },
  {
    what: 'rails import store',
    filePath: 'rails/port.ts',
    code: use('createDb', '../store/db'),
    refusedBy: BOUNDARIES,
  },
  {
    what: 'api imports rails',
    filePath: 'api/csv.ts',
    code: use('createRailAdapter', '../rails'),
    refusedBy: BOUNDARIES,
  },
  {
    what: 'api imports activities',
    filePath: 'api/csv.ts',
    code: useType('ClearingActivities', '../activities'),
    refusedBy: BOUNDARIES,
  },
  {
    what: 'api imports a workflow',
    filePath: 'api/csv.ts',
    code: use('payout', '../workflows/payout'),
    refusedBy: BOUNDARIES,
  },
  {
    what: "api imports the workflows' messages",
    filePath: 'api/csv.ts',
    code: use('sessionOpened', '../workflows/messages'),
  },
  {
    what: 'workflows import activities',
    filePath: 'workflows/payout.ts',
    code: use('createActivities', '../activities'),
    refusedBy: BOUNDARIES,
  },
  {
    what: "workflows import the activities' types",
    filePath: 'workflows/payout.ts',
    code: useType('ClearingActivities', '../activities'),
  },
  {
    what: 'workflows import store',
    filePath: 'workflows/payout.ts',
    code: useType('Db', '../store/db'),
    refusedBy: BOUNDARIES,
  },
  {
    what: 'the SDK imports api',
    filePath: 'sdk/keys.ts',
    code: use('createApp', '../api/app'),
    refusedBy: BOUNDARIES,
  },
  {
    what: "the SDK imports the API's types",
    filePath: 'sdk/keys.ts',
    code: useType('Route', '../api/route'),
    refusedBy: BOUNDARIES,
  },
  {
    what: 'a promise is left alone',
    filePath: 'domain/money.ts',
    code: 'Promise.resolve(1);\n',
    refusedBy: '@typescript-eslint/no-floating-promises',
  },
  {
    what: 'a promise is left alone on purpose',
    filePath: 'domain/money.ts',
    code: 'void Promise.resolve(1);\n',
  },
  {
    what: 'an amount is read as a float',
    filePath: 'domain/money.ts',
    code: "export const amount = parseFloat('1.10');\n",
    refusedBy: 'no-restricted-syntax',
  },
];

describe('the rules of the house', () => {
  let found: string[][];

  beforeAll(() => {
    const answer = execFileSync(process.execPath, [join(__dirname, 'lint-texts.mjs')], {
      cwd: join(__dirname, '..', '..'),
      input: JSON.stringify(CASES),
      encoding: 'utf8',
    });
    found = JSON.parse(answer) as string[][];
  });

  test.each(CASES.map((one, index) => [one.refusedBy ? 'refuse' : 'allow', one.what, index] as const))(
    '%s: %s',
    (_verdict, _what, index) => {
      const { refusedBy } = CASES[index] as Case;
      expect(found[index]).toEqual(refusedBy ? [refusedBy] : []);
    },
  );
});
