/** The wallets of the sandbox's principals, where its chain runs. */
import type { SandboxWallets } from '../api/payments';
import type { Hex } from '../api/x402/config';
import type { Config } from './config';

const TIMEOUT_MS = 10_000;

/** Undefined where no chain was named. */
export function sandboxWalletsOf(config: Config<'api'>): SandboxWallets | undefined {
  const { AURA_SANDBOX_CHAIN_URL: url, AURA_USDC: token } = config;
  if (url === undefined) return undefined;
  return {
    payTo: {
      stablecoin: config.AURA_STABLECOIN_PAY_TO as Hex | undefined,
      x402: config.AURA_X402_PAY_TO as Hex | undefined,
    },
    token,
    domain: { name: config.AURA_X402_TOKEN_NAME, version: config.AURA_X402_TOKEN_VERSION },
    async fund(address, amountMinor) {
      const response = await fetch(`${url}/operator/fund`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ address, amountMinor: amountMinor.toString() }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`the sandbox's chain did not fund a wallet: ${response.status}`);
    },
  };
}
