/** The Federal Reserve's FedNow service. */
import { createInstantAdapter, PROFILES, type InstantAdapterDeps } from '../instant';
import type { RailAdapter } from '../port';

export function createFednowAdapter(deps: InstantAdapterDeps): RailAdapter {
  return createInstantAdapter(PROFILES.fednow, deps);
}
