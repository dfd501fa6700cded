import { z } from 'zod';
import { AuraError } from '../../domain/errors';
import { rows } from '../../store/db';
import { route, type Route } from '../route';
import { pageRoutes } from './pages';

const PROBE_MS = 2_000;
/** `documentation` is made once the whole table of routes is known. */
export function systemRoutes(documentation: () => unknown): Route[] {
  return [
    route({
      method: 'get',
      path: '/healthz',
      summary: 'Whether the process lives; touches nothing',
      tag: 'System',
      access: 'public',
      uncounted: true,
      response: { status: 200, schema: z.object({ status: z.literal('ok') }), description: 'It lives' },
      errors: [],
      handler: () => Promise.resolve({ status: 200, body: { status: 'ok' } }),
    }),
    route({
      method: 'get',
      path: '/readyz',
      summary: 'Whether it can work: Postgres, Temporal, and Redis as an extra',
      tag: 'System',
      access: 'public',
      response: {
        status: 200,
        schema: z.object({
          status: z.string(),
          postgres: z.string(),
          temporal: z.string(),
          redis: z.string(),
        }),
        description: 'Ready; `degraded` where only Redis is missing',
      },
      errors: ['SERVICE_UNAVAILABLE'],
      async handler({ deps }) {
        const [postgres, temporal, redis] = await Promise.all([
          probe(rows(deps.db, 'SELECT 1')),
          probe(
            deps.temporal.withDeadline(Date.now() + PROBE_MS, () =>
              deps.temporal.workflowService.getSystemInfo({}),
            ),
          ),
          probe(deps.redis.ping()),
        ]);
        const parts = { postgres, temporal, redis };
        if (postgres !== 'ok' || temporal !== 'ok')
          throw new AuraError('SERVICE_UNAVAILABLE', undefined, parts);
        return { status: 200, body: { status: redis === 'ok' ? 'ok' : 'degraded', ...parts } };
      },
    }),
    ...pageRoutes(documentation),
  ];
}

async function probe(call: Promise<unknown>): Promise<'ok' | 'unavailable'> {
  const late = new Promise<'unavailable'>((resolve) =>
    setTimeout(() => resolve('unavailable'), PROBE_MS).unref(),
  );
  return Promise.race([call.then(() => 'ok' as const).catch(() => 'unavailable' as const), late]);
}
