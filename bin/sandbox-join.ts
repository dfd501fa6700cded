/**
 * Makes AURA a participant of RTP and FedNow at `SANDBOX_URL`, and of the ACH bank at `SANDBOX_ACH_URL` where that is
 * set, with the keys in `AURA_RAIL_KEYS`; a job that ends. These take messages only from participants they know; the
 * other sandboxes have credentials instead. Running it again changes nothing.
 */
import { readRailKeys } from './config';

async function main(): Promise<void> {
  const { SANDBOX_URL: url, SANDBOX_ACH_URL: achUrl, AURA_RAIL_KEYS: pairs } = process.env;
  if (!url || !pairs) throw new Error('SANDBOX_URL and AURA_RAIL_KEYS are needed');
  const hosts = new Map([
    ['rtp', url],
    ['fednow', url],
    ['ach', achUrl],
  ]);
  for (const [rail, publicKey] of readRailKeys(pairs)) {
    const host = hosts.get(rail);
    if (!host) continue;
    const response = await fetch(`${host}/${rail}/operator/participant`, {
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
