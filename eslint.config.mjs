import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import boundaries from 'eslint-plugin-boundaries';

// Who may import whom. Anything that is not listed here is refused.
const mayImport = {
  domain: ['domain'],
  store: ['store', 'domain', 'migrations'],
  rails: ['rails', 'domain'],
  sdk: ['sdk', 'domain'],
  activities: ['activities', 'domain', 'store', 'rails'],
  workflows: ['workflows', 'messages', 'domain'],
  api: ['api', 'domain', 'store', 'messages'],
  messages: ['messages', 'domain'],
  migrations: ['migrations', 'domain'],
  bin: [
    'bin',
    'domain',
    'store',
    'rails',
    'activities',
    'workflows',
    'messages',
    'api',
    'sdk',
    'migrations',
    'faults',
    'checker',
  ],
  faults: ['faults', 'checker', 'bin', 'domain', 'store', 'rails', 'sdk'],
  // It judges the product, so it may lean on none of it but the rules.
  checker: ['checker', 'domain'],
  test: [
    'test',
    'domain',
    'store',
    'rails',
    'activities',
    'workflows',
    'messages',
    'api',
    'sdk',
    'migrations',
    'bin',
    'faults',
    'checker',
  ],
};
const typesOnly = { workflows: ['activities'] };

const folders = Object.keys(mayImport).filter((folder) => !['messages', 'checker'].includes(folder));

const ioModules = ['pg', 'knex', 'ioredis', 'koa', '@koa/router', 'undici', 'pino', '@temporalio/*'];
const ioBuiltins = [
  'fs',
  'fs/promises',
  'net',
  'http',
  'https',
  'http2',
  'dns',
  'tls',
  'dgram',
  'child_process',
  'worker_threads',
  'os',
  'process',
];

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'sdk/dist', 'sdk/types.generated.ts', '.data', 'coverage'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { boundaries },
    settings: {
      'import/resolver': { node: { extensions: ['.ts', '.js', '.json'] } },
      'boundaries/elements': [
        { type: 'messages', pattern: 'workflows/messages/**', partialMatch: false },
        { type: 'checker', pattern: 'faults/checker/**', partialMatch: false },
        ...folders.map((type) => ({ type, pattern: `${type}/**`, partialMatch: false })),
      ],
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/require-await': 'off',
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.name='parseFloat']",
          message: 'Money is parsed exactly; see domain/money.',
        },
      ],
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          policies: [
            ...Object.entries(mayImport).map(([from, allowed]) => ({
              from: { element: { type: from } },
              allow: { to: { element: { type: allowed } } },
            })),
            ...Object.entries(typesOnly).map(([from, allowed]) => ({
              from: { element: { type: from } },
              allow: { to: { element: { type: allowed } }, dependency: { kind: 'type' } },
            })),
          ],
        },
      ],
    },
  },
  {
    files: ['domain/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [...ioBuiltins, ...ioBuiltins.map((name) => `node:${name}`)].map((name) => ({
            name,
            message: 'domain is pure: it does no input or output.',
          })),
          patterns: [{ group: ioModules, message: 'domain is pure: it does no input or output.' }],
        },
      ],
    },
  },
  {
    files: ['examples/**/*.mjs'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['../*'], message: 'An example stands on its own, as its reader would write it.' },
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        require: 'readonly',
        module: 'writable',
        __dirname: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        URL: 'readonly',
        fetch: 'readonly',
        AbortSignal: 'readonly',
      },
    },
  },
);
