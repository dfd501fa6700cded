export * from './bundle';
export type { BundleCheck } from './check';
export { verifyBundle } from './verify';
