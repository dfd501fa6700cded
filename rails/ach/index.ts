export { createAchAdapter, type AchAdapter, type AchAdapterDeps } from './adapter';
export { ACH_PROFILE, bankOf, type AchProfile } from './profile';
export type { BatchPart } from './statement';
