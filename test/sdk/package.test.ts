/** The SDK as it is published: built, it needs nothing but what its package names. */
import { execFile, execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { answers, unrulyServer } from '../support/unruly-server';

jest.setTimeout(180_000);

const ROOT = join(__dirname, '..', '..');
const SDK = join(ROOT, 'sdk');

interface Manifest {
  name: string;
  license: string;
  exports: { '.': { types: string; default: string } };
  dependencies: Record<string, string>;
}
const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Manifest;
const manifest = readJson(join(SDK, 'package.json'));

describe('the package', () => {
  let folder: string;
  let installed: string;
  beforeAll(() => {
    // Under the repository, so that dependencies are found as they are in a workspace.
    mkdirSync(join(ROOT, '.data'), { recursive: true });
    folder = mkdtempSync(join(ROOT, '.data', 'sdk-test-'));
    installed = join(folder, 'node_modules', manifest.name);
    mkdirSync(installed, { recursive: true });
    cpSync(join(SDK, 'package.json'), join(installed, 'package.json'));
    const tsc = require.resolve('typescript/bin/tsc');
    execFileSync(process.execPath, [tsc, '-p', SDK, '--outDir', join(installed, 'dist')], { stdio: 'pipe' });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const built = () =>
    readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(js|d\.ts)$/.test(name),
    );

  it('asks for the versions that the clearinghouse itself uses', () => {
    const root = readJson(join(ROOT, 'package.json'));
    expect(manifest).toMatchObject({ name: 'aura-sdk', license: 'Apache-2.0' });
    for (const [name, version] of Object.entries(manifest.dependencies))
      expect([name, root.dependencies[name]]).toEqual([name, version]);
  });

  it('has what it exports', () => {
    for (const path of Object.values(manifest.exports['.']))
      expect(existsSync(join(installed, path))).toBe(true);
  });

  it('holds the SDK and pure rules, and nothing of the server', () => {
    const folders = new Set(built().map((name) => name.split('/')[0]));
    expect([...folders].sort()).toEqual(['domain', 'sdk']);
    const names = built().map((name) => name.replace(/\.(d\.ts|js)$/, ''));
    expect(
      names.filter((name) =>
        /^sdk\/(issuer|examples)\/|^domain\/(constraints|errors|gate|ledger)/.test(name),
      ),
    ).toEqual([]);
  });

  it('imports only itself, Node, and what it declares', () => {
    const used = new Set<string>();
    for (const name of built()) {
      const file = join(installed, 'dist', name);
      for (const { fileName } of ts.preProcessFile(readFileSync(file, 'utf8'), true, true).importedFiles) {
        if (fileName.startsWith('.'))
          expect({ name, import: relative(installed, found(file, fileName)) }).toMatchObject({
            import: expect.stringMatching(/^dist\//) as string,
          });
        else if (!builtinModules.includes(fileName.replace(/^node:/, ''))) used.add(fileName);
      }
    }
    expect([...used].sort()).toEqual(Object.keys(manifest.dependencies).sort());
  });

  it.each([
    ['require', 'cjs', "const { registerPrincipal, Scout } = require('aura-sdk');"],
    ['import', 'mjs', "import { registerPrincipal, Scout } from 'aura-sdk';"],
  ])('registers an agent from plain JavaScript, by %s', async (_way, extension, load) => {
    const aura = await unrulyServer();
    const script = join(folder, `register.${extension}`);
    writeFileSync(
      script,
      `${load}
      const http = { baseUrl: process.env.AURA_URL };
      registerPrincipal(http, { name: 'Jane Doe' })
        .then((principal) => Scout.register(http, principal))
        .then((scout) => console.log(scout.agentId));`,
    );
    try {
      aura.next(answers(201, { principal_id: 'prn_1' }), answers(201, { agent_id: 'sct_1' }));
      const { stdout } = await promisify(execFile)(process.execPath, [script], {
        env: { PATH: process.env.PATH, AURA_URL: aura.baseUrl },
        timeout: 30_000,
      });
      expect(stdout.trim()).toBe('sct_1');
      expect(aura.seen.map(({ method, target }) => `${method} ${target}`)).toEqual([
        'POST /v1/principals',
        'POST /v1/agents/register',
      ]);
    } finally {
      await aura.close();
    }
  });

  it('is typed for those who use it', () => {
    const file = join(folder, 'use.ts');
    writeFileSync(
      file,
      `import { Scout, type Session, type RankedOffer } from 'aura-sdk';
      export async function buy(scout: Scout): Promise<RankedOffer | undefined> {
        const session: Session = await scout.openSession({ intent: 'headphones for my commute' });
        // @ts-expect-error there is no such status
        if (session.status === 'offers_ready') return undefined;
        return (await scout.waitForOffers(session.session_id))[0];
      }`,
    );
    const program = ts.createProgram([file], {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules', '@types')],
    });
    const problems = ts.getPreEmitDiagnostics(program);
    expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
  });
});

function found(from: string, specifier: string): string {
  const path = resolve(dirname(from), specifier);
  const suffixes = from.endsWith('.d.ts') ? ['.d.ts', '/index.d.ts'] : ['.js', '/index.js'];
  return (
    suffixes.map((suffix) => path + suffix).find((candidate) => existsSync(candidate)) ?? `missing ${path}`
  );
}
