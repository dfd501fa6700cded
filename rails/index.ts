/** Picks the adapter of a rail by its name. */
import type { RailName } from '../domain/settlement';
import { createAchAdapter } from './ach';
import { createCardAdapter } from './card';
import { createFednowAdapter } from './fednow';
import type { RailAdapter, RailAdapterDeps } from './port';
import { createRtpAdapter } from './rtp';
import { createStablecoinAdapter } from './stablecoin';
import { createX402Adapter } from './x402';

export type { RailAdapterDeps } from './port';

const FACTORIES: Readonly<Partial<Record<RailName, (deps: RailAdapterDeps) => RailAdapter>>> = {
  rtp: createRtpAdapter,
  fednow: createFednowAdapter,
  ach: createAchAdapter,
  stablecoin: createStablecoinAdapter,
  x402: createX402Adapter,
  card: createCardAdapter,
};

export function createRailAdapter(rail: RailName, deps: RailAdapterDeps): RailAdapter {
  const create = FACTORIES[rail];
  if (!create) throw new Error(`no adapter for ${rail}`);
  return create(deps);
}
