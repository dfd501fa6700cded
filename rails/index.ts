/** Picks the adapter of a rail by its name. */
import type { RailName } from '../domain/settlement';
import { createFednowAdapter } from './fednow';
import type { RailAdapter, RailAdapterDeps } from './port';
import { createRtpAdapter } from './rtp';

export type { RailAdapterDeps } from './port';

const FACTORIES: Readonly<Partial<Record<RailName, (deps: RailAdapterDeps) => RailAdapter>>> = {
  rtp: createRtpAdapter,
  fednow: createFednowAdapter,
};

export function createRailAdapter(rail: RailName, deps: RailAdapterDeps): RailAdapter {
  const create = FACTORIES[rail];
  if (!create) throw new Error(`no adapter for ${rail}`);
  return create(deps);
}
