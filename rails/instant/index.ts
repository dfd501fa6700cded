export { createInstantAdapter, type InstantAdapterDeps } from './adapter';
export { openEvidence, type Evidence } from './evidence';
export { businessDate, limitMinor, PROFILES, type NetworkProfile } from './profile';
