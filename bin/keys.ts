/** Keys of a local installation: made on first use, kept in the data folder, readable by its owner alone. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { API_SECRET_BYTES } from '../domain/api-keys';
import { createSigner, generateKeyPair, type PublicKey } from '../domain/keys';

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

/** The 32-byte seed of a PKCS#8 Ed25519 key, base64: the form the SDK takes. */
export function secretOf(path: string): string {
  const der = Buffer.from(readFileSync(path, 'utf8').replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return der.subarray(-32).toString('base64');
}
