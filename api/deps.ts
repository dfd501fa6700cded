import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Redis } from 'ioredis';
import type { Embedder } from '../domain/embedding';
import type { Profiles } from '../domain/profiles';
import type { Db } from '../store/db';
import type { NonceStore } from '../store/nonces';
import type { LiveEvents } from './live';
import type { X402Config } from './x402';

export interface ApiDeps {
  db: Db;
  redis: Redis;
  temporal: Client;
  nonces: NonceStore;
  embedder: Embedder;
  live: LiveEvents;
  profiles: Profiles;
  log: Logger;
  config: ApiConfig;
  /** Where commits can be paid with x402. */
  x402?: X402Config;
}

export interface ApiConfig {
  /** Where documentation of errors and the API itself is reached, without a trailing slash. */
  publicUrl: string;
  /** Sandbox mode: play money is granted at registration. */
  sandbox: boolean;
  /** Minor units of USD granted to a new sandbox principal. */
  sandboxGrantMinor: bigint;
  /** How long `POST /v1/sessions` waits for interpretation and discovery. */
  openWaitMs: number;
  /** How long a commit waits for the gate's answer. */
  commitWaitMs: number;
  maxOffersPerBeacon: number;
}
