export { createInstantAdapter, type InstantAdapterDeps } from './adapter';
export { openEvidence, type Evidence } from './evidence';
export {
  businessDate,
  INSTANT_RAILS,
  limitMinor,
  PROFILES,
  type InstantRail,
  type NetworkProfile,
} from './profile';
