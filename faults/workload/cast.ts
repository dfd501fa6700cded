/** Who trades during a run: sellers and buyers that are registered once, before anything goes wrong. */
import {
  createBuyer,
  createIssuers,
  createMerchants,
  openShops,
  type Buyer,
  type Merchant,
} from '../../bin/demo/cast';
import type { Platform } from '../../bin/platform';
import type { RailName } from '../../domain/settlement';
import type { HttpOptions } from '../../sdk';
import type { ClientLog } from './log';
import type { Receivers } from './receivers';

export interface Cast {
  merchants: readonly Merchant[];
  /** The next buyer who can pay over a rail, in turn. */
  nextBuyer(rail: RailName): Buyer;
}

export interface CastOptions {
  platform: Platform;
  databaseUrl: string;
  http: HttpOptions;
  log: ClientLog;
  receivers: Receivers;
  buyersPerRail: number;
  signal: AbortSignal;
}

const MERCHANTS = 2;
/** So many of a rail's buyers are told of their deals by webhook. */
const LISTENING_BUYERS = 1;

export async function createCast(options: CastOptions): Promise<Cast> {
  const { platform, http, log, receivers, buyersPerRail } = options;
  const issuers = await createIssuers(options.databaseUrl);
  const merchants = await createMerchants(platform, http, issuers, MERCHANTS);
  for (const { beacon } of merchants) {
    await beacon.setEndpoints({ webhook_url: receivers.urlFor(beacon.agentId) });
    log.write({ what: 'listens', agentId: beacon.agentId });
  }
  openShops(merchants, options.signal, () => undefined);
  const buyers = new Map<RailName, Buyer[]>();
  await Promise.all(
    platform.rails.map(async (rail, row) => {
      const ofRail: Buyer[] = [];
      for (let index = 0; index < buyersPerRail; index++) {
        // Some can pay another way should their rail fail.
        const rails = rail === 'rtp' ? [rail] : [rail, 'rtp' as const];
        const number = row * buyersPerRail + index + 1;
        const buyer = await createBuyer(platform, http, issuers, { name: `Buyer ${number}`, rails, number });
        if (index < LISTENING_BUYERS) {
          await buyer.scout.setEndpoints({ callback_url: receivers.urlFor(buyer.scout.agentId) });
          log.write({ what: 'listens', agentId: buyer.scout.agentId });
        }
        ofRail.push(buyer);
      }
      buyers.set(rail, ofRail);
    }),
  );
  const turns = new Map<RailName, number>();
  return {
    merchants,
    nextBuyer(rail) {
      const turn = turns.get(rail) ?? 0;
      turns.set(rail, turn + 1);
      const ofRail = buyers.get(rail) ?? [];
      const buyer = ofRail[turn % ofRail.length];
      if (!buyer) throw new Error(`nobody pays over ${rail}`);
      return buyer;
    },
  };
}
