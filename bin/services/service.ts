/** What every service has in common, and what the finders of services are handed. */

export interface Service {
  readonly name: 'temporal' | 'postgres' | 'redis';
  /** Where clients connect: a postgres://, redis:// or http:// address. It may hold a password. */
  readonly url: string;
  /** For people: what was found, and where. */
  readonly origin: string;
  /** False for a server named in the environment and for one that another command of this project started. */
  readonly startedHere: boolean;
}

export interface TemporalService extends Service {
  readonly name: 'temporal';
  /** host:port of the gRPC frontend. */
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string | null;
}

export type PostgresKind = 'server' | 'pglite';

export interface PostgresService extends Service {
  readonly name: 'postgres';
  readonly kind: PostgresKind;
}

export interface RedisService extends Service {
  readonly name: 'redis';
}

/** An expected failure: its message is the one line that says what to install or set. */
export class ServiceError extends Error {
  override name = 'ServiceError';
}

export interface Context {
  readonly dataDir: string;
  /** Downloads and builds that outlive a run. */
  readonly cacheDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
  /** Ends the work under way when a sibling has failed or the user has pressed Ctrl-C. */
  readonly signal: AbortSignal;
  /** Under which the registry notes this user of a service. */
  readonly userToken: string;
}

export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  return error instanceof Error ? error.message || error.name : String(error);
}
