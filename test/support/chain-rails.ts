/** The two rails on the sandbox's chain, as far as a test has to tell them apart. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hex } from 'viem';
import { spawnSandboxNetwork, type SandboxProcess } from '../../rails/sandbox';
import { createOperator, type Operator } from './sandbox-network';

/** What differs between the chain's two rails when something is to go wrong with a transfer. */
export interface ChainRailUnderTest {
  rail: 'stablecoin' | 'x402';
  /** Between blocks; 0 to have them made on demand. */
  blockMs: number;
  walletKey(chain: SandboxProcess): Hex;
  /** Started after the chain, stopped before it. */
  start?(
    chain: SandboxProcess,
  ): Promise<{ facilitatorUrl: string; operator: Operator; stop(): Promise<void> }>;
}

export const STABLECOIN: ChainRailUnderTest = {
  rail: 'stablecoin',
  blockMs: 0,
  walletKey: ({ info }) => info.auraStablecoinKey as Hex,
};

export const X402: ChainRailUnderTest = {
  rail: 'x402',
  // The facilitator waits for its transactions to be mined.
  blockMs: 30,
  walletKey: ({ info }) => info.auraX402Key as Hex,
  async start({ info, url }) {
    const dataDir = await mkdtemp(join(tmpdir(), 'aura-facilitator-'));
    const { token = '', facilitatorKey: privateKey = '' } = info;
    const running = await spawnSandboxNetwork({
      family: 'facilitator',
      dataDir,
      slowAnswerMs: 300,
      settings: { rpcUrl: url, token, privateKey, pendingMs: '600', confirmationTimeoutMs: '3000' },
    });
    return {
      facilitatorUrl: running.url,
      operator: createOperator(() => `${running.url}/operator`),
      async stop() {
        await running.stop();
        await rm(dataDir, { recursive: true, force: true });
      },
    };
  },
};
