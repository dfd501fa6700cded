import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Redis } from 'ioredis';
import type { ApiKeyMint } from '../domain/api-keys';
import type { Embedder } from '../domain/embedding';
import type { Signer } from '../domain/keys';
import type { PolicyEngine } from '../domain/policies';
import type { Profiles } from '../domain/profiles';
import type { Db } from '../store/db';
import type { NonceStore } from '../store/nonces';
import type { LiveEvents } from './live';
import type { RateLimiter } from './middleware/rate-limit';
import type { SandboxWallets } from './payments';
import type { WebhookSender } from './webhooks/sender';
import type { X402Config } from './x402';

export interface ApiDeps {
  db: Db;
  redis: Redis;
  temporal: Client;
  nonces: NonceStore;
  apiKeys: ApiKeyMint;
  embedder: Embedder;
  live: LiveEvents;
  webhooks: WebhookSender;
  /** AURA's key, for the bodies of what it asks merchants. */
  signer: Signer;
  limits: RateLimiter;
  profiles: Profiles;
  policies: PolicyEngine;
  log: Logger;
  config: ApiConfig;
  /** Where commits can be paid with x402. */
  x402?: X402Config;
  /** Where the sandbox's chain runs: wallets of its principals. */
  sandboxWallets?: SandboxWallets;
}

export interface ApiConfig {
  /** Where documentation of errors and the API itself is reached, without a trailing slash. */
  publicUrl: string;
  /** Sandbox mode: play money is granted at registration. */
  sandbox: boolean;
  /** Minor units of USD granted to a new sandbox principal. */
  sandboxGrantMinor: bigint;
  /** Named in the metadata of events. */
  region: string;
  /** How long `POST /v1/sessions` waits for interpretation and discovery. */
  openWaitMs: number;
  /** How long a commit waits for the gate's answer. */
  commitWaitMs: number;
  /** How long a merchant may take to confirm an order. */
  confirmationTimeoutMs: number;
  maxOffersPerBeacon: number;
  /** Every answer is held against its route's schema; for tests, since it costs. */
  checkAnswers: boolean;
  /** Reverse proxies in front, whose word on the client's address is taken. */
  proxies: number;
}
