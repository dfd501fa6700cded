/**
 * The keys of an installation, one folder for each holder, so that a process can be given its own key and no other:
 *
 *   keygen --dir DIR [--sandbox DIR]
 *
 * Makes what is missing and changes nothing else. The public halves are written as variables to `DIR/public/*.env` and
 * printed. `--sandbox` is the data folder of the sandbox networks, whose keys the rail workers then know beforehand; the
 * credentials that they give AURA go to the folders of the rail workers that use them.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseKeyRing } from '../domain/sealing';
import { RAILS, type RailName } from '../domain/settlement';
import { loadCredentials } from '../rails/sandbox/card/credentials';
import { sandboxKey } from '../rails/sandbox/chain/keys';
import { loadSigner } from '../rails/sandbox/keys';
import { keyFile, keyRingFile, railPayloadKeysFile, secretFile, type KeyFile } from './keys';
import { operatorIdOf } from './setup';

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { dir: { type: 'string' }, sandbox: { type: 'string' } } });
  const { dir, sandbox } = values;
  if (!dir) throw new Error('--dir says where the keys go');

  const keyOf = (holder: string): KeyFile => keyFile(join(dir, holder), holder);
  secretFile(join(dir, 'api'), 'api-secret');
  keyRingFile(join(dir, 'data'), 'data-keys');
  const payloads = parseKeyRing(readFileSync(keyRingFile(join(dir, 'payload'), 'payload-keys'), 'utf8'));
  for (const rail of RAILS) railPayloadKeysFile(join(dir, rail), rail, payloads);
  const operator = keyOf('operator');
  const railKeys = RAILS.map((rail) => `${rail}=${keyOf(rail).publicKey}`);
  writeVariables(dir, 'aura', {
    AURA_PUBLIC_KEY: keyOf('aura').publicKey,
    AURA_OPERATOR_KEY: operator.publicKey,
    AURA_RAIL_KEYS: railKeys.join(','),
  });
  if (sandbox) await joinSandboxes(dir, sandbox);
  console.log(`# the operator's agent id: ${operatorIdOf(operator.publicKey)}`);
}

/** Networks that sign their messages; a chain has no key of its own. */
const SIGNING: readonly RailName[] = ['rtp', 'fednow', 'ach', 'card'];

async function joinSandboxes(dir: string, sandbox: string): Promise<void> {
  for (const rail of SIGNING) {
    writeVariables(dir, rail, { RAIL_NETWORK_KEY: await networkKey(join(sandbox, rail), rail) });
  }
  const { apiKey } = await loadCredentials(join(sandbox, 'card'));
  writeSecret(join(dir, 'card', 'keys', 'api-key'), apiKey);
  for (const rail of ['stablecoin', 'x402'] as const) {
    writeSecret(join(dir, rail, 'keys', 'wallet'), sandboxKey(rail));
  }
  writeSecret(join(sandbox, 'facilitator', 'wallet'), sandboxKey('facilitator'));
}

function writeSecret(path: string, value: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, value, { mode: 0o600 });
}

async function networkKey(dataDir: string, rail: RailName): Promise<string> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  return (await loadSigner(dataDir, `${rail}-network`)).publicKey;
}

function writeVariables(dir: string, name: string, variables: Readonly<Record<string, string>>): void {
  const lines = Object.entries(variables).map(([variable, value]) => `${variable}=${value}\n`);
  mkdirSync(join(dir, 'public'), { recursive: true });
  writeFileSync(join(dir, 'public', `${name}.env`), lines.join(''));
  console.log(`# ${name}\n${lines.join('').trimEnd()}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
