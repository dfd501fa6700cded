/** Events on their way out: routed to agents' feeds, and sent to those who have an address. */
import { createBell } from '../../store/bell';
import { runRelay } from '../../store/relay';
import type { ApiDeps } from '../deps';
import { runDispatcher } from './dispatcher';
import { runRouter } from './router';

export interface EventLoops {
  stop(): Promise<void>;
}

export function startEventLoops(
  { db, redis, live, signer, webhooks, log, config }: ApiDeps,
  { retryFirstMs }: { retryFirstMs: number },
): EventLoops {
  const ending = new AbortController();
  const due = createBell();
  const loops = Promise.all([
    runRelay({ db, redis, onFault: (error) => log.warn({ err: error }, 'relay') }, ending.signal),
    runRouter({ db, redis, live, log, onRouted: due.ring }, ending.signal),
    runDispatcher(
      { db, signer, sender: webhooks, publicUrl: config.publicUrl, log, retryFirstMs, due },
      ending.signal,
    ),
  ]);
  return {
    async stop() {
      ending.abort();
      await loops;
    },
  };
}
