/** A network's signing key: made once, kept in its data folder, readable by its owner only. */
import { chmod, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSigner, generateKeyPair, type Signer } from '../../domain/keys';

export async function loadSigner(dataDir: string, keyId: string): Promise<Signer> {
  const path = join(dataDir, 'network-key.pem');
  const known = await readFile(path, 'utf8').catch(() => undefined);
  if (known) return createSigner(known, keyId);
  const { privateKeyPem } = generateKeyPair();
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(privateKeyPem);
    await file.sync();
  } finally {
    await file.close();
  }
  await chmod(path, 0o600);
  return createSigner(privateKeyPem, keyId);
}
