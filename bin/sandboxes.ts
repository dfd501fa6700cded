/** The simulated networks that a local platform's rails talk to, each family a process of its own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { privateKeyToAddress } from 'viem/accounts';
import type { PublicKey } from '../domain/keys';
import type { RailName } from '../domain/settlement';
import type { FamilyName } from '../rails/sandbox';
import { spawnSandboxNetwork, type SandboxProcess } from '../rails/sandbox/spawn';

export type SandboxSettings = Readonly<Partial<Record<FamilyName, Readonly<Record<string, string>>>>>;

export interface Sandboxes {
  /** By family; a family that no rail needs is not there. */
  processes: ReadonlyMap<FamilyName, SandboxProcess>;
  /** What the rail's worker is told. */
  railEnv(rail: RailName): Record<string, string>;
  /** What every process is told. */
  env: Readonly<Record<string, string>>;
  /** Kills a family and starts it again on its data, at the same address. */
  crash(family: FamilyName): Promise<void>;
  stop(): Promise<void>;
}

const FAMILIES: Readonly<Record<RailName, readonly FamilyName[]>> = {
  rtp: ['instant'],
  fednow: ['instant'],
  card: ['card'],
  ach: ['ach'],
  stablecoin: ['chain'],
  x402: ['chain', 'facilitator'],
};
/** Nobody at a sandbox waits for real blocks or real banking days. */
const FAST: SandboxSettings = { chain: { blockMs: '200' }, ach: { dayMs: '1500' } };

export interface SandboxOptions {
  rails: readonly RailName[];
  dataDir: string;
  settings?: SandboxSettings;
  /** Gives the address at which the platform's processes reach a family; its own by default. */
  front?: (family: FamilyName, url: string) => Promise<string>;
  onProgress?: (line: string) => void;
}

export async function startSandboxes(options: SandboxOptions): Promise<Sandboxes> {
  const { rails, dataDir, settings = {}, onProgress = () => undefined } = options;
  const fronts = new Map<FamilyName, string>();
  const families = [...new Set(rails.flatMap((rail) => FAMILIES[rail]))];
  const processes = new Map<FamilyName, SandboxProcess>();
  const start = async (family: FamilyName, port?: number) => {
    const chain = processes.get('chain');
    const wiring = family === 'facilitator' && chain ? facilitatorSettings(chain) : {};
    const running = await spawnSandboxNetwork({
      family,
      dataDir: join(dataDir, family),
      port,
      settings: { ...FAST[family], ...wiring, ...settings[family] },
    });
    processes.set(family, running);
    if (!fronts.has(family)) fronts.set(family, (await options.front?.(family, running.url)) ?? running.url);
    return running;
  };
  const stop = async () => {
    // The facilitator goes before the chain it settles on.
    for (const running of [...processes.values()].reverse()) await running.stop();
  };
  try {
    const first = families.filter((family) => family !== 'facilitator');
    await Promise.all(first.map((family) => start(family)));
    if (families.includes('facilitator')) await start('facilitator');
  } catch (error) {
    await stop();
    throw error;
  }
  const reached = (family: FamilyName) => fronts.get(family) ?? '';
  for (const [family, { url }] of processes) onProgress(`sandbox ${family}: ${url}`);
  const secret = (name: string, value = '') => secretFile(dataDir, name, value);
  return {
    processes,
    stop,
    env: sharedEnv(processes, reached),
    railEnv(rail) {
      const of = (family: FamilyName): SandboxProcess => {
        const running = processes.get(family);
        if (!running) throw new Error(`the sandbox of ${rail} does not run`);
        return running;
      };
      switch (rail) {
        case 'rtp':
        case 'fednow':
          return signedNetwork(`${reached('instant')}/${rail}`, of('instant').keys[rail]);
        case 'card': {
          const { keys, info } = of('card');
          return {
            ...signedNetwork(`${reached('card')}/card`, keys.card),
            RAIL_SECRET_FILE: secret('card-api-key', info.apiKey),
            RAIL_WEBHOOK_SECRET_FILE: secret('card-webhook', info.webhookSecret),
            RAIL_WEBHOOK_PORT: '0',
          };
        }
        case 'ach':
          return signedNetwork(`${reached('ach')}/ach`, of('ach').keys.ach);
        case 'stablecoin': {
          const { info } = of('chain');
          return {
            RAIL_URL: reached('chain'),
            RAIL_SECRET_FILE: secret('stablecoin-wallet', info.auraStablecoinKey),
          };
        }
        case 'x402': {
          const { info } = of('chain');
          return {
            RAIL_URL: reached('chain'),
            RAIL_FACILITATOR_URL: reached('facilitator'),
            RAIL_SECRET_FILE: secret('x402-wallet', info.auraX402Key),
          };
        }
      }
    },
    async crash(family) {
      const running = processes.get(family);
      if (!running) throw new Error(`no sandbox ${family}`);
      await running.kill();
      await start(family, running.port);
    },
  };
}

const signedNetwork = (url: string, key: PublicKey = ''): Record<string, string> => ({
  RAIL_URL: url,
  RAIL_NETWORK_KEY: key,
});

function facilitatorSettings({ url, info }: SandboxProcess): Record<string, string> {
  return {
    rpcUrl: url,
    token: info.token ?? '',
    privateKey: info.facilitatorKey ?? '',
    payTo: walletOf(info.auraX402Key),
  };
}

function sharedEnv(
  processes: ReadonlyMap<FamilyName, SandboxProcess>,
  reached: (family: FamilyName) => string,
): Record<string, string> {
  const chain = processes.get('chain');
  if (!chain) return {};
  return {
    AURA_CHAIN_RPC_URL: reached('chain'),
    AURA_SANDBOX_CHAIN_URL: reached('chain'),
    AURA_STABLECOIN_PAY_TO: walletOf(chain.info.auraStablecoinKey),
    ...(processes.has('facilitator') && {
      AURA_X402_PAY_TO: walletOf(chain.info.auraX402Key),
      // It stands in for those that protocol 1.0.0 names.
      AURA_X402_FACILITATORS: ['sandbox', 'stripe', 'square']
        .map((name) => `${name}=${reached('facilitator')}`)
        .join(','),
    }),
  };
}

function walletOf(key = ''): string {
  return privateKeyToAddress(key as `0x${string}`);
}

/** Secrets go to processes by file, so that no list of processes shows them. */
function secretFile(dataDir: string, name: string, value: string): string {
  const path = join(dataDir, 'secrets', name);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, value, { mode: 0o600 });
  return path;
}
