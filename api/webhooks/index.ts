/** Events on their way out: routed to agents' feeds, and sent to those who have an address. */
import type { ApiDeps } from '../deps';
import { runDispatcher } from './dispatcher';
import { runRouter } from './router';

export interface EventLoops {
  stop(): Promise<void>;
}

export function startEventLoops(
  { db, signer, webhooks, log, config }: ApiDeps,
  { retryFirstMs }: { retryFirstMs: number },
): EventLoops {
  const ending = new AbortController();
  const loops = Promise.all([
    runRouter({ db, log }, ending.signal),
    runDispatcher(
      { db, signer, sender: webhooks, publicUrl: config.publicUrl, log, retryFirstMs },
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
