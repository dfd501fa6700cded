/** Routes what leaves through the outbox to those who may know it, and tells of offers that have run out. */
import type { Logger } from 'pino';
import { routeEvents } from '../../store/agent-events';
import type { Db } from '../../store/db';
import { tellExpiredOffers } from '../../store/offer-expiry';
import { pause } from '../../store/pause';

const BATCH = 200;
const IDLE_MS = 50;
const FAULT_MS = 1_000;
const EXPIRY_EVERY_MS = 1_000;

/** Runs until the signal aborts; any number of processes may. */
export async function runRouter({ db, log }: { db: Db; log: Logger }, signal: AbortSignal): Promise<void> {
  let expiryAtMs = 0;
  while (!signal.aborted) {
    try {
      if (Date.now() >= expiryAtMs) {
        await tellExpiredOffers(db, BATCH);
        expiryAtMs = Date.now() + EXPIRY_EVERY_MS;
      }
      if ((await routeEvents(db, BATCH)) === 0) await pause(IDLE_MS, signal);
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'routing of events');
      await pause(FAULT_MS, signal);
    }
  }
}
