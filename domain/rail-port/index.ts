/** The rail port as a public contract: schemas, timings and test vectors for whoever writes an adapter. */
export * from './activities';
export * from './documents';
export { readRailAnswer } from './read';
export { railPortSchemas } from './schemas';
export { railPortVectors } from './vectors';
