export * from './fit';
export * from './positions';
export * from './terms';
export * from './statuses';
