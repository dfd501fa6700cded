/** Where keys that seal come from: a variable, a file, or a program that prints them, such as a key service's client. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseKeyRing, type KeySource } from '../domain/sealing';
import { ConfigError } from './config';

export const KEY_VARIABLES = ['AURA_DATA_KEYS', 'AURA_PAYLOAD_KEYS'] as const;
export type KeyVariable = (typeof KEY_VARIABLES)[number];
type KeyConfig = Partial<Record<KeyVariable | `${KeyVariable}_FILE` | `${KeyVariable}_COMMAND`, string>>;

const COMMAND_TIMEOUT_MS = 15_000;
const COMMAND_OUTPUT_BYTES = 1_000_000;

/** The keys that a variable names, or undefined where it names none. They are read once, so that a fault shows at start. */
export function optionalKeySource(config: KeyConfig, variable: KeyVariable): KeySource | undefined {
  const ways: Record<string, (value: string) => string> = {
    [variable]: (text) => text.replaceAll(';', '\n'),
    [`${variable}_FILE`]: (path) => readFileSync(path, 'utf8'),
    [`${variable}_COMMAND`]: run,
  };
  const named = Object.keys(ways).filter((name) => config[name as keyof KeyConfig] !== undefined);
  const [name] = named;
  if (name === undefined) return undefined;
  if (named.length > 1)
    throw new ConfigError(`${named.join(' and ')} are set: one of them says where the keys are`);
  const value = config[name as keyof KeyConfig] ?? '';
  const source: KeySource = {
    read() {
      try {
        return parseKeyRing(ways[name]?.(value) ?? '');
      } catch (error) {
        throw new ConfigError(`${name} gives no keys: ${reasonOf(error)}`);
      }
    },
  };
  source.read();
  return source;
}

export function keySource(config: KeyConfig, variable: KeyVariable): KeySource {
  const source = optionalKeySource(config, variable);
  if (!source)
    throw new ConfigError(
      `${variable}_FILE is not set, nor ${variable} or ${variable}_COMMAND: one is needed`,
    );
  return source;
}

/** Words between spaces; no shell reads them. What the program prints is a secret, so nothing of it is repeated. */
function run(command: string): string {
  const [program = '', ...args] = command.trim().split(/\s+/);
  return execFileSync(program, args, {
    encoding: 'utf8',
    timeout: COMMAND_TIMEOUT_MS,
    maxBuffer: COMMAND_OUTPUT_BYTES,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code, status } = error as NodeJS.ErrnoException & { status?: number };
  if (code !== undefined) return String(code);
  return status === undefined ? error.message : `the program ended with status ${status}`;
}
