export * from './catalogue';
export * from './entry';
export * from './recipients';
export * from './retry';
