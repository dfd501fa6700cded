/** What the pages say about the repository is so: their links lead somewhere, and their examples compile. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { matches, read, ROOT } from './files';

const PAGES = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter((path) =>
  path.endsWith('.md'),
);

test.each(PAGES)('every link of %s leads to a file', (path) => {
  const targets = matches(read(path), /\]\(([^)]+)\)/g).filter((target) => !/^https?:/.test(target));
  const missing = targets.filter(
    (target) => !existsSync(join(ROOT, dirname(path), target.split('#')[0] ?? '')),
  );
  expect(missing).toEqual([]);
});

test('every npm command that the pages name exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  for (const path of PAGES) {
    for (const name of matches(read(path), /npm run ([a-z]+)/g)) expect(Object.keys(scripts)).toContain(name);
  }
});

test("the README's clients compile against the SDK", () => {
  const examples = new Map(
    matches(read('README.md'), /```ts\n([\s\S]*?)```/g).map((code, index) => [
      join(ROOT, `readme-example-${index}.ts`),
      code,
    ]),
  );
  expect(examples.size).toBe(2);
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (path) => examples.has(path) || disk.fileExists(path),
    readFile: (path) => examples.get(path) ?? disk.readFile(path),
    getSourceFile: (path, languageVersion, ...rest) => {
      const code = examples.get(path);
      if (code === undefined) return disk.getSourceFile(path, languageVersion, ...rest);
      return ts.createSourceFile(path, code, languageVersion);
    },
  };
  const program = ts.createProgram([...examples.keys()], { ...options, noEmit: true }, host);
  const problems = [...examples.keys()].flatMap((path) =>
    ts.getPreEmitDiagnostics(program, program.getSourceFile(path)),
  );
  expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
});
