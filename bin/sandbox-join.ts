/**
 * Makes AURA a participant of the sandbox networks at `SANDBOX_URL` with the keys in `AURA_RAIL_KEYS`; a job that
 * ends. A network takes messages only from participants it knows. Running it again changes nothing.
 */
import { readRailKeys } from './config';

async function main(): Promise<void> {
  const { SANDBOX_URL: url, AURA_RAIL_KEYS: pairs } = process.env;
  if (!url || !pairs) throw new Error('SANDBOX_URL and AURA_RAIL_KEYS are needed');
  for (const [rail, publicKey] of readRailKeys(pairs)) {
    const response = await fetch(`${url}/${rail}/operator/participant`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ keyId: `rail-${rail}`, publicKey, replace: true }),
    });
    if (!response.ok) throw new Error(`${rail} did not register AURA: ${await response.text()}`);
    console.log(`${rail}: AURA is a participant`);
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
