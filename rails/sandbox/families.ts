/** The sandboxes that can be started, each in a process of its own. */
import type { PublicKey } from '../../domain/keys';
import { INSTANT_RAILS } from '../instant';
import { startSandbox } from './server';

export interface FamilyOptions {
  dataDir: string;
  host: string;
  /** 0 for any free port. */
  port: number;
  slowAnswerMs?: number;
  seed?: number;
  /** Settings of one family only, e.g. how long a banking day lasts. */
  settings: Readonly<Record<string, string>>;
  /** Called when the sandbox cannot go on, e.g. because its journal cannot be written. */
  onFatal: (error: unknown) => void;
}

export interface RunningFamily {
  url: string;
  /** Public keys of networks that sign their messages, by network. */
  keys: Readonly<Record<string, PublicKey>>;
  /** What else a user of it must know, e.g. credentials of the sandbox. */
  info: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export const FAMILY_NAMES = ['instant', 'card', 'ach', 'chain', 'facilitator'] as const;
export type FamilyName = (typeof FAMILY_NAMES)[number];

/** Loaded when asked for: the chain brings a compiler and a node along. */
const FAMILIES: Readonly<Record<FamilyName, (options: FamilyOptions) => Promise<RunningFamily>>> = {
  async instant(options) {
    const running = await startSandbox({ ...options, networks: INSTANT_RAILS });
    return { url: running.url, keys: running.keys, info: {}, close: () => running.close() };
  },
  async ach(options) {
    const { startAchSandbox } = await import('./ach/index.js');
    return startAchSandbox(options);
  },
  async card(options) {
    const { startCardSandbox } = await import('./card/index.js');
    return startCardSandbox(options);
  },
  async chain(options) {
    const { startChain } = await import('./chain/index.js');
    return startChain(options);
  },
  async facilitator(options) {
    const { startFacilitator } = await import('./facilitator/index.js');
    return startFacilitator(options);
  },
};

export function startFamily(name: FamilyName, options: FamilyOptions): Promise<RunningFamily> {
  return FAMILIES[name](options);
}
