/** The sandbox card processor. */
export { startCardSandbox } from './server';
