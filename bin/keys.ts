/** Keys of a local installation: made on first use, kept in the data folder, readable by its owner alone. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { API_SECRET_BYTES } from '../domain/api-keys';
import { createSigner, generateKeyPair, type PublicKey } from '../domain/keys';
import { railKeyLines } from '../domain/payload-sealing';
import { newKeyLine, type KeyRing } from '../domain/sealing';

export interface KeyFile {
  path: string;
  publicKey: PublicKey;
}

export function keyFile(dataDir: string, name: string): KeyFile {
  const path = join(dataDir, 'keys', `${name}.pem`);
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, generateKeyPair().privateKeyPem, { mode: 0o600 });
  }
  return { path, publicKey: createSigner(readFileSync(path, 'utf8'), name).publicKey };
}

/** The path of 32 random bytes in base64, made on first use. */
export function secretFile(dataDir: string, name: string): string {
  const path = join(dataDir, 'keys', name);
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, randomBytes(API_SECRET_BYTES).toString('base64'), { mode: 0o600 });
  }
  return path;
}

/** The path of a file of named keys, with one key that is made on first use. */
export function keyRingFile(dataDir: string, name: string): string {
  const path = join(dataDir, 'keys', name);
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, `${newKeyLine('k1')}\n`, { mode: 0o600 });
  }
  return path;
}

/** The 32-byte seed of a PKCS#8 Ed25519 key, base64: the form the SDK takes. */
export function secretOf(path: string): string {
  const der = Buffer.from(readFileSync(path, 'utf8').replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return der.subarray(-32).toString('base64');
}

/** The payload keys of one rail, which follow from AURA's. Written anew each time, since AURA's may have grown. */
export function railPayloadKeysFile(dataDir: string, rail: string, keys: KeyRing): string {
  const path = join(dataDir, 'keys', 'payload-keys');
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, railKeyLines(keys, rail), { mode: 0o600 });
  return path;
}
