/**
 * Rate limits at the door, counted in Redis for all API processes together. When Redis is away each process counts for
 * itself: limits are then as many times too generous as there are processes, and nobody is locked out.
 */
import ipaddr from 'ipaddr.js';
import type { Redis } from 'ioredis';
import type { Context } from 'koa';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { AuraError } from '../../domain/errors';
import type { LimitName, RateLimits } from '../../domain/rate-limits';
import type { Route } from '../route';
import type { Caller } from './identify';

/** What counts where: so many points of one limit, on the account of an agent, a rail key or an address. */
export interface Count {
  limit: LimitName;
  who: string;
  points: number;
}

/** How much of a limit is left, after counting. */
export interface Standing {
  limit: number;
  remaining: number;
  resetsInMs: number;
  exceeded: boolean;
}

export interface RateLimiter {
  /** What it counts by, to tell whoever joins. */
  readonly limits: RateLimits;
  /** Counts. What is over the limit is told by `exceeded`, not thrown. */
  count(count: Count): Promise<Standing>;
}

/** `redis` may be away: its commands are then not waited for. */
export function createRateLimiter({ redis, limits }: { redis: Redis; limits: RateLimits }): RateLimiter {
  const limiters = new Map(
    Object.entries(limits).map(([name, { limit, windowSeconds }]) => {
      // The numbers are part of the key, so that a changed limit counts anew.
      const keyPrefix = `rate:${name}:${limit}/${windowSeconds}`;
      const window = { keyPrefix, points: limit, duration: windowSeconds };
      return [
        name,
        new RateLimiterRedis({
          ...window,
          storeClient: redis,
          rejectIfRedisNotReady: true,
          // Whoever is over the limit is told so from memory, until the window ends.
          inMemoryBlockOnConsumed: limit + 1,
          insuranceLimiter: new RateLimiterMemory(window),
        }),
      ];
    }),
  );
  return {
    limits,
    async count({ limit: name, who, points }) {
      const { limit } = limits[name];
      try {
        const left = await limiters.get(name)?.consume(who, points);
        if (!left) throw new Error(`no limiter ${name}`);
        return { limit, remaining: left.remainingPoints, resetsInMs: left.msBeforeNext, exceeded: false };
      } catch (over) {
        if (!(over instanceof RateLimiterRes)) throw over;
        return { limit, remaining: 0, resetsInMs: over.msBeforeNext, exceeded: true };
      }
    },
  };
}

/** Limits that count beside the caller's own. */
const BESIDE: readonly LimitName[] = ['sessions', 'offers'];

/** Where a request counts before it is read; what counts by its content is counted by `weighedCount`. */
export function countsOf(route: Route, caller: Caller, ctx: Context): Count[] {
  const { rateClass: own } = route;
  const base = baseLimit(caller);
  const isBase = own === undefined || own === 'requests';
  const names = isBase ? [base] : BESIDE.includes(own) ? [base, ...(route.rateWeight ? [] : [own])] : [own];
  return names.map((limit) => ({ limit, who: whoOf(caller, ctx), points: 1 }));
}

/** What a request counts by its content, such as an answer by its offers. */
export function weighedCount(route: Route, caller: Caller, ctx: Context, body: unknown): Count[] {
  if (!route.rateWeight || !route.rateClass) return [];
  return [{ limit: route.rateClass, who: whoOf(caller, ctx), points: Math.max(1, route.rateWeight(body)) }];
}

const whoOf = ({ agent, caller }: Caller, ctx: Context) => agent?.id ?? caller?.keyId ?? addressOf(ctx);

function baseLimit({ agent, caller }: Caller): LimitName {
  if (caller || agent?.role === 'operator') return 'operations';
  if (!agent) return 'public';
  return agent.role === 'beacon' ? 'beacon_requests' : 'requests';
}

/**
 * Counts, tells the standing in headers (where several limits count, of the one with least left), and throws
 * `RATE_LIMITED` over the limit.
 */
export async function countRequest(ctx: Context, limiter: RateLimiter, counts: Count[]): Promise<void> {
  const standings = await Promise.all(counts.map((count) => limiter.count(count)));
  const [tightest] = standings.sort(
    (a, b) =>
      Number(b.exceeded) - Number(a.exceeded) || a.remaining - b.remaining || b.resetsInMs - a.resetsInMs,
  );
  if (!tightest) return;
  const reset = new Date(Date.now() + tightest.resetsInMs).toISOString();
  if (tightest.exceeded || tightest.remaining < shown(ctx)) {
    ctx.set('X-RateLimit-Limit', String(tightest.limit));
    ctx.set('X-RateLimit-Remaining', String(tightest.remaining));
    ctx.set('X-RateLimit-Reset', reset);
  }
  if (!tightest.exceeded) return;
  ctx.set('Retry-After', String(Math.max(1, Math.ceil(tightest.resetsInMs / 1_000))));
  throw new AuraError('RATE_LIMITED', undefined, { limit: tightest.limit, reset });
}

const shown = (ctx: Context) =>
  ctx.response.headers['x-ratelimit-remaining'] === undefined
    ? Infinity
    : Number(ctx.response.get('X-RateLimit-Remaining'));

export const isCounted = (ctx: Context) => ctx.response.headers['x-ratelimit-limit'] !== undefined;

/** The client's address; of IPv6 the network, since a client has all the addresses in it. */
export function addressOf({ ip }: Pick<Context, 'ip'>): string {
  if (!ipaddr.isValid(ip)) return 'unknown';
  const address = ipaddr.process(ip);
  if (address.kind() === 'ipv4') return address.toString();
  return `${(address as ipaddr.IPv6).parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}
