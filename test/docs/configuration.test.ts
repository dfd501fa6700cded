import { configVariables, matches, read, tableRows } from './files';

test("the README's table has the variables that processes check, each once", () => {
  const rows = tableRows(read('README.md'), 'Configuration');
  const named = rows.map(([variable = '']) => variable.replaceAll('`', ''));
  expect([...named].sort()).toEqual(configVariables().sort());
});

test('.env.example has them too, and sets nothing but what Compose asks for', () => {
  const example = read('.env.example');
  expect(matches(example, /^(?:# )?([A-Z][A-Z0-9_]+)=/gm)).toEqual(expect.arrayContaining(configVariables()));
  expect(matches(example, /^([A-Z][A-Z0-9_]+)=/gm)).toEqual([
    'POSTGRES_PASSWORD',
    'TEMPORAL_POSTGRES_PASSWORD',
  ]);
});
