/** Where AURA takes payments by x402 is said by its environment. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tokenParts } from '../../api/x402';
import { ConfigError, readConfig } from '../../bin/config';
import { generateKeyPair } from '../../domain/keys';
import { SANDBOX_USDC } from '../../domain/rail-terms';

function aFile(name: string, content: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'aura-config-')), name);
  writeFileSync(path, content);
  return path;
}

const NEEDED = {
  DATABASE_URL: 'postgres://localhost/aura',
  TEMPORAL_ADDRESS: 'localhost:7233',
  REDIS_URL: 'redis://localhost',
  AURA_SIGNING_KEY_FILE: aFile('aura.pem', generateKeyPair().privateKeyPem),
  AURA_API_SECRET_FILE: aFile('api-secret', randomBytes(32).toString('base64')),
};

test('without a wallet there is none', () => {
  const config = readConfig('api', NEEDED);
  expect(config.AURA_X402_PAY_TO).toBeUndefined();
  expect(config.AURA_X402_FACILITATORS).toEqual({});
});

test('facilitators are named with their addresses', () => {
  const config = readConfig('api', {
    ...NEEDED,
    AURA_X402_PAY_TO: `0x${'aB'.repeat(20)}`,
    AURA_X402_FACILITATORS: 'stripe=https://x402.example.com/v2/,local=http://127.0.0.1:4021',
  });
  expect(config.AURA_X402_FACILITATORS).toEqual({
    stripe: 'https://x402.example.com/v2',
    local: 'http://127.0.0.1:4021',
  });
});

test.each([
  ['AURA_X402_PAY_TO', '0x1234'],
  ['AURA_X402_FACILITATORS', 'stripe'],
  ['AURA_X402_FACILITATORS', 'stripe=ftp://example.com'],
])('%s=%s is refused by name', (variable, value) => {
  const read = () => readConfig('api', { ...NEEDED, [variable]: value });
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(variable);
});

test('chain and contract follow from the token', () => {
  expect(tokenParts(SANDBOX_USDC)).toEqual({
    network: 'eip155:31337',
    chainId: 31_337,
    address: '0x5FbDB2315678afecb367f032d93F642f64180aa3',
  });
  expect(() => tokenParts('USD')).toThrow('no ERC-20 token');
});
