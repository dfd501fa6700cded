/** What a route is: data from which the router, the OpenAPI document and the permission tests are made. */
import type { z } from 'zod';
import type { ErrorCode } from '../domain/errors';
import type { IdKind } from '../domain/ids';
import type { LimitName } from '../domain/rate-limits';
import type { ApiVersion } from '../domain/versions';
import type { AgentRole, AgentWithKey } from '../store/agents';
import type { RegisteredRailKey } from '../store/rails';
import type { ApiDeps } from './deps';

export interface Call<Params, Query, Body> {
  params: Params;
  query: Query;
  body: Body;
  /** The request body as it came, for signatures over it. */
  rawBody: string;
  /** Present where roles of agents may call. */
  agent: AgentWithKey;
  /** Present where rails may call: the rail, by the key that signed. */
  caller: RegisteredRailKey;
  deps: ApiDeps;
  /** The protocol version to answer in: the header `AURA-Version`, else the agent's own. */
  version: ApiVersion;
  requestId: string;
  /** The id of what this request creates; the same for every retry under one idempotency key. */
  subjectId: string;
  /** Headers of the request, lower case. */
  headers: Readonly<Record<string, string | undefined>>;
  method: string;
  /** Path and query as sent. */
  target: string;
  signal: AbortSignal;
}

export interface Answer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
  /** Sent as it is instead of JSON. */
  contentType?: string;
}

/** What an API key may do, protocol 1.0.0. */
export const SCOPES = [
  'session:create',
  'session:read',
  'session:commit',
  'offer:create',
  'offer:read',
  'transaction:read',
] as const;
export type Scope = (typeof SCOPES)[number];

/** How often is counted together: per agent, for public routes per address. */
export type RateClass = Exclude<LimitName, 'beacon_requests' | 'failures'>;

export interface RouteSpec<Params, Query, Body> {
  method: 'get' | 'post' | 'put' | 'delete';
  path: string;
  summary: string;
  tag: string;
  /** Roles that may call it; `public` needs no signature, `rail` that of a rail's registered key. */
  access: 'public' | 'rail' | readonly AgentRole[];
  /** The scope an API key needs; a route without one needs a key with all scopes of its agent's role. */
  scope?: Scope;
  /** An API key alone suffices; elsewhere its requests have to be signed too. */
  keySuffices?: true;
  /** By default `requests` for agents, `operations` for operators and rails, `public` for everybody else. */
  rateClass?: RateClass;
  /** Answers however often it is asked, and without Redis: a probe of the process alone. */
  uncounted?: true;
  /** How much a request counts in its rate class, by its content; 1 by default. */
  rateWeight?(body: Body): number;
  /** The version this route answers in whatever the agent's own is: registrations of one version only. */
  version?: ApiVersion;
  params?: z.ZodType<Params>;
  query?: z.ZodType<Query>;
  body?: z.ZodType<Body>;
  /** `version1` is the shape for version 2026-01-01, where it has one of its own. */
  response: {
    status: number;
    schema: z.ZodType;
    version1?: z.ZodType;
    description: string;
    /** What it can answer in; JSON alone by default. Anything else is text that has no schema. */
    mediaTypes?: readonly string[];
  };
  errors: readonly ErrorCode[];
  /** What it creates, if it takes an idempotency key; keys of what moves money are kept for ever. */
  creates?: {
    kind: IdKind | ((body: Body) => IdKind);
    movesMoney: boolean;
    /** Its answer holds a secret and is kept nowhere: a retry has the handler make it again from the subject's id. */
    tellsSecret?: true;
  };
  /**
   * Refuses what is not ready to be received, such as a commit that has not been paid for. It runs before the request
   * counts: it changes nothing, and what it refuses may be sent again under the same signature and idempotency key.
   */
  admit?(call: Omit<Call<Params, Query, Body>, 'subjectId'>): Promise<void>;
  handler(call: Call<Params, Query, Body>): Promise<Answer>;
}

export type Route = RouteSpec<unknown, unknown, unknown>;

/** Keeps the types of one route's parts together. */
export function route<Params = unknown, Query = unknown, Body = unknown>(
  spec: RouteSpec<Params, Query, Body>,
): Route {
  return spec as unknown as Route;
}
