/** What the nemesis has in its hands. */
import type { Platform } from '../../bin/platform';
import type { KillableServers } from '../../bin/services/killable';
import type { RailName } from '../../domain/settlement';
import type { Keeper } from '../keeper';
import type { Proxies } from '../proxies';
import type { Fault } from '../schedule';
import type { Receivers } from '../workload/receivers';

export interface Stage {
  platform: Pick<Platform, 'sandboxes' | 'processes' | 'rails'>;
  servers: KillableServers['servers'];
  keeper: Keeper;
  proxies: Proxies;
  receivers: Receivers;
  /** The folder of the files that `clock.cjs` reads. */
  clocksDir: string;
  /** The API's own address, without a proxy. */
  apiUrl: string;
  /** Begins so many deals over a rail at once, besides those that are planned. */
  rush: (rail: RailName, deals: number) => void;
}

/** Does it, undoes it when its time is over, and resolves when what was hit is there again. */
export type Inflict = (stage: Stage, fault: Fault) => Promise<void>;
