/** The Clearing House's RTP network. */
import { createInstantAdapter, PROFILES, type InstantAdapterDeps } from '../instant';
import type { RailAdapter } from '../port';

export function createRtpAdapter(deps: InstantAdapterDeps): RailAdapter {
  return createInstantAdapter(PROFILES.rtp, deps);
}
