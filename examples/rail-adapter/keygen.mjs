/** Makes the adapter's key: `node keygen.mjs rail-key.pem` writes the private key and prints the public one. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createSigner } from './signing.mjs';

const [path = 'rail-key.pem'] = process.argv.slice(2);
const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' });
writeFileSync(path, pem, { mode: 0o600, flag: 'wx' });
console.log(createSigner(pem, '').publicKey);
