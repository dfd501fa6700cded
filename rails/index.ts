/** Picks the adapter of a rail by its name. */
import type { RailName } from '../domain/settlement';
import { createFednowAdapter } from './fednow';
import type { InstantAdapterDeps } from './instant';
import type { RailAdapter } from './port';
import { createRtpAdapter } from './rtp';

export type RailAdapterDeps = InstantAdapterDeps;

const FACTORIES: Readonly<Record<RailName, (deps: RailAdapterDeps) => RailAdapter>> = {
  rtp: createRtpAdapter,
  fednow: createFednowAdapter,
};

export function createRailAdapter(rail: RailName, deps: RailAdapterDeps): RailAdapter {
  return FACTORIES[rail](deps);
}
