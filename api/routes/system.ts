import { z } from 'zod';
import { AuraError, ERROR_CATALOGUE, type ErrorCode } from '../../domain/errors';
import { rows } from '../../store/db';
import { route, type Route } from '../route';

const PROBE_MS = 2_000;
const errorParams = z.object({ code: z.string().max(60) });
const errorPage = z.object({
  code: z.string(),
  status: z.int(),
  description: z.string(),
  retryable: z.boolean(),
});

/** `documentation` is made once the whole table of routes is known. */
export function systemRoutes(documentation: () => unknown): Route[] {
  return [
    route({
      method: 'get',
      path: '/healthz',
      summary: 'Whether the process lives; touches nothing',
      tag: 'System',
      access: 'public',
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
    route<z.infer<typeof errorParams>>({
      method: 'get',
      path: '/errors/:code',
      summary: 'What an error code means; where `documentation_url` points',
      tag: 'System',
      access: 'public',
      params: errorParams,
      response: { status: 200, schema: errorPage, description: 'The entry of the catalogue' },
      errors: ['RESOURCE_NOT_FOUND'],
      handler({ params }) {
        const known = Object.hasOwn(ERROR_CATALOGUE, params.code);
        if (!known) throw new AuraError('RESOURCE_NOT_FOUND', 'There is no such error code.');
        const { status, description, retryable } = ERROR_CATALOGUE[params.code as ErrorCode];
        return Promise.resolve({ status: 200, body: { code: params.code, status, description, retryable } });
      },
    }),
    route({
      method: 'get',
      path: '/openapi.json',
      summary: 'This API as an OpenAPI 3.1 document',
      tag: 'System',
      access: 'public',
      response: { status: 200, schema: z.looseObject({ openapi: z.string() }), description: 'The document' },
      errors: [],
      handler: () => Promise.resolve({ status: 200, body: documentation() }),
    }),
  ];
}

async function probe(call: Promise<unknown>): Promise<'ok' | 'unavailable'> {
  const late = new Promise<'unavailable'>((resolve) =>
    setTimeout(() => resolve('unavailable'), PROBE_MS).unref(),
  );
  return Promise.race([call.then(() => 'ok' as const).catch(() => 'unavailable' as const), late]);
}
