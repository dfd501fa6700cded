/** docker-compose.yml, checked as far as it can be without a Docker engine. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readConfig, type ProcessName } from '../../bin/config';
import { RAILS } from '../../domain/settlement';
import { configVariables, matches, read, ROOT } from './files';

interface Service {
  image: string;
  build?: string;
  command?: string[];
  restart: string;
  read_only?: boolean;
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  network_mode?: string;
  networks?: string[];
  volumes?: string[];
  environment?: Record<string, string | number>;
  healthcheck?: { test?: string[]; disable?: boolean };
  depends_on?: Record<string, { condition: string }>;
}

interface Compose {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean } | null>;
  volumes: Record<string, null>;
}

const SETTINGS: Readonly<Record<string, string>> = {
  POSTGRES_PASSWORD: 'secret',
  TEMPORAL_POSTGRES_PASSWORD: 'secret',
};
/** As Compose reads it: `${NAME:-default}` and `${NAME:?complaint}`. */
const interpolate = (text: string) =>
  text.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_all, name: string, kind?: string, rest = '') => {
    const value = SETTINGS[name] ?? (kind === '-' ? String(rest) : undefined);
    if (value === undefined) throw new Error(`${name} has neither value nor default`);
    return value;
  });

const { services, networks, volumes } = parse(interpolate(read('docker-compose.yml')), {
  merge: true,
}) as Compose;
const all = Object.entries(services);
const ours = all.filter(([, { build }]) => build !== undefined);
const isJob = ({ restart }: Service) => restart.startsWith('on-failure');
const entryOf = ({ command = [] }: Service) => command.find((word) => !word.startsWith('--')) ?? '';

describe('docker-compose.yml', () => {
  test.each(all)('%s names its image by a tag that stands', (_name, { image }) => {
    expect(image).toMatch(/^[a-z0-9./-]+:[a-z0-9.-]*\d[a-z0-9.-]*$/);
  });

  test.each(all)('%s is checked for health, or is a job that others wait for', (name, service) => {
    if (!isJob(service)) {
      expect(service.restart).toBe('unless-stopped');
      expect(service.healthcheck?.test?.[0]).toBe('CMD');
      return;
    }
    const conditions = all.map(([, { depends_on: needs }]) => needs?.[name]?.condition).filter(Boolean);
    expect(new Set(conditions)).toEqual(new Set(['service_completed_successfully']));
    if (service.build) expect(service.healthcheck).toEqual({ disable: true });
  });

  test.each(all)('what %s waits for exists and can become so', (_name, { depends_on: needs = {} }) => {
    for (const [other, { condition }] of Object.entries(needs)) {
      const target = services[other];
      expect(target).toBeDefined();
      expect(condition).toBe(target && isJob(target) ? 'service_completed_successfully' : 'service_healthy');
    }
  });

  test.each(all)('%s uses declared volumes and networks', (_name, service) => {
    for (const volume of service.volumes ?? []) expect(Object.keys(volumes)).toContain(volume.split(':')[0]);
    for (const network of service.networks ?? []) expect(Object.keys(networks)).toContain(network);
    expect(service.networks ?? service.network_mode).toBeDefined();
  });

  test.each(ours)('%s can write nothing, gain nothing, and runs an entry point', (_name, service) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(existsSync(join(ROOT, 'bin', `${entryOf(service)}.ts`))).toBe(true);
  });

  test.each(all)(
    '%s keeps no right of root but to give files and processes to their users',
    (name, service) => {
      expect(service).toMatchObject({ cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
      const handingOver = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID'];
      expect(handingOver).toEqual(expect.arrayContaining(service.cap_add ?? []));
      // Temporal's own images write their configuration when they start.
      if (!name.startsWith('temporal') || name === 'temporal-postgres') expect(service.read_only).toBe(true);
    },
  );

  test('only a holder of a private key mounts it', () => {
    const holders = (volume: string) =>
      ours.filter(([, service]) => service.volumes?.some((each) => each.startsWith(`${volume}:`)));
    const names = (volume: string) => holders(volume).map(([name]) => name);
    expect(names('keys-aura')).toEqual(['keys', 'api', 'worker']);
    expect(names('keys-api')).toEqual(['keys', 'api']);
    for (const rail of RAILS) expect(names(`keys-${rail}`)).toEqual(['keys', `rail-${rail}`]);
    expect(names('keys-operator')).toEqual(['keys']);
    // Who reads or writes personal data; and who takes part in workflows other than as a rail.
    const rails = RAILS.map((rail) => `rail-${rail}`);
    expect(names('keys-data').sort()).toEqual(['keys', 'migrate', 'api', 'worker', ...rails].sort());
    expect(names('keys-payload')).toEqual(['keys', 'migrate', 'api', 'worker']);
  });

  test('only the rail workers share a network with the rails', () => {
    const reach = (name: string) => new Set(services[name]?.networks);
    const far = reach('sandbox-network');
    const near = ours.filter(([, { networks: own = [] }]) => own.some((network) => far.has(network)));
    expect(near.map(([name]) => name)).toEqual([
      ...RAILS.map((rail) => `rail-${rail}`),
      'sandbox-network',
      'sandbox-card',
      'sandbox-ach',
      'sandbox-chain',
      'sandbox-facilitator',
      'sandbox-join',
    ]);
    for (const name of ['books', 'temporal', 'rails', 'chain'])
      expect(networks[name]).toEqual({ internal: true });
  });
});

describe('the configuration in docker-compose.yml', () => {
  const SCHEMA_OF: Readonly<Record<string, ProcessName>> = {
    api: 'api',
    worker: 'worker',
    'rail-worker': 'rail',
    migrate: 'setup',
  };
  const folder = mkdtempSync(join(tmpdir(), 'aura-compose-'));
  const onDisk = (path: string) => path.replace(/^\/keys\//, `${folder}/keys/`);

  beforeAll(() => {
    // The same command as the service `keys`, on this machine.
    const { command = [] } = services.keys ?? { command: undefined };
    const args = command.slice(1).map((word) => word.replace(/^\//, `${folder}/`));
    execFileSync(process.execPath, ['--import', 'tsx', 'bin/keygen.ts', ...args], { cwd: ROOT });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** What the process finds in its environment: its own, and that of its `--env-file`s. */
  function environmentOf({ command = [], environment = {} }: Service): Record<string, string> {
    const files = matches(command.join('\n'), /^--env-file=(.*)$/gm);
    const lines = files.flatMap((file) => readFileSync(onDisk(file), 'utf8').trim().split('\n'));
    const fromFiles = lines.map((line) => [
      line.slice(0, line.indexOf('=')),
      line.slice(line.indexOf('=') + 1),
    ]);
    const own = Object.entries(environment).map(([name, value]) => [name, onDisk(String(value))]);
    return Object.fromEntries([...fromFiles, ...own]) as Record<string, string>;
  }

  const configured = ours.filter(([, service]) => entryOf(service) in SCHEMA_OF);

  test.each(configured)('%s starts with it', (_name, service) => {
    const process = SCHEMA_OF[entryOf(service)] as ProcessName;
    expect(() => readConfig(process, environmentOf(service))).not.toThrow();
  });

  test.each(ours)('every variable of %s is one that is read', (_name, service) => {
    const readByEntry = matches(read(`bin/${entryOf(service)}.ts`), /\b((?:SANDBOX|AURA)_[A-Z_]+)\b/g);
    const known = [...configVariables(), ...readByEntry];
    for (const variable of Object.keys(service.environment ?? {})) expect(known).toContain(variable);
  });

  test('what has to be set is in .env.example', () => {
    const needed = matches(read('docker-compose.yml'), /(?<!\$)\$\{(\w+)/g);
    const shown = matches(read('.env.example'), /^#? ?([A-Z][A-Z_]+)=/gm);
    for (const variable of needed) expect(shown).toContain(variable);
  });
});
