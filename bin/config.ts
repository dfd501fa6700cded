/** Configuration of every process, read from the environment and checked at start. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { API_SECRET_BYTES } from '../domain/api-keys';
import { parseMoney, registerToken } from '../domain/money';
import { parsePublicKey } from '../domain/keys';
import { WEBHOOK_RETRY } from '../domain/notifications';
import { readRateLimits } from '../domain/rate-limits';
import { readRetention } from '../domain/retention';
import { SANDBOX_USDC, USDC_EXPONENT } from '../domain/rail-terms';
import { RAILS, type RailName } from '../domain/settlement';

export class ConfigError extends Error {
  override name = 'ConfigError';
}

const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
const milliseconds = z.coerce.number().int().min(1);
const usd = z.string().transform((value, context) => {
  try {
    return parseMoney(value, 'USD').amountMinor;
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'not an amount' });
    return z.NEVER;
  }
});
const publicKey = z.string().transform((value, context) => {
  try {
    return parsePublicKey(value);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'not a key' });
    return z.NEVER;
  }
});
const keyFile = z.string().transform((path, context) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    context.addIssue({ code: 'custom', message: `the file ${path} cannot be read` });
    return z.NEVER;
  }
});

const secretFile = keyFile.transform((text, context) => {
  const secret = Buffer.from(text.trim(), 'base64');
  if (secret.length === API_SECRET_BYTES) return secret;
  context.addIssue({ code: 'custom', message: `a file with ${API_SECRET_BYTES} random bytes in base64` });
  return z.NEVER;
});

/** The stablecoin that settles USD, by its CAIP-19 id. */
const token = z
  .string()
  .default(SANDBOX_USDC)
  .transform((asset, context) => {
    try {
      registerToken(asset, USDC_EXPONENT);
      return asset;
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'not a token' });
      return z.NEVER;
    }
  });

/** `name=url` pairs, separated by commas. */
const facilitators = z.string().transform((pairs, context) => {
  const read = pairs
    .split(',')
    .filter(Boolean)
    .map((pair) => /^([\w.-]+)=(https?:\/\/.+)$/.exec(pair));
  if (read.every((match) => match !== null))
    return Object.fromEntries(read.map(([, name = '', url = '']) => [name, url.replace(/\/$/, '')]));
  context.addIssue({ code: 'custom', message: 'name=url pairs, separated by commas' });
  return z.NEVER;
});

/** What is usual, with some of it set to something else by `name=value` pairs. */
const amended = <Value>(read: (pairs: string) => Value) =>
  z
    .string()
    .transform((pairs, context) => {
      try {
        return read(pairs);
      } catch (error) {
        context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'not pairs' });
        return z.NEVER;
      }
    })
    .prefault('');

const railList = z
  .string()
  .default(RAILS.join(','))
  .transform((names) => names.split(',').filter(Boolean))
  .pipe(z.array(z.enum(RAILS)).min(1));

const logLevel = z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info');

const base = {
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'a postgres:// URL'),
  TEMPORAL_ADDRESS: z.string().regex(/^[^\s:]+:\d+$/, 'host:port'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  AURA_LOG_LEVEL: logLevel,
};

/** What personal data is sealed under: one of the three says where the keys are. See `bin/key-source`. */
const dataKeys = {
  AURA_DATA_KEYS: z.string().optional(),
  AURA_DATA_KEYS_FILE: z.string().optional(),
  AURA_DATA_KEYS_COMMAND: z.string().optional(),
};

/** What payloads of workflows are sealed under. */
const payloadKeys = {
  AURA_PAYLOAD_KEYS: z.string().optional(),
  AURA_PAYLOAD_KEYS_FILE: z.string().optional(),
  AURA_PAYLOAD_KEYS_COMMAND: z.string().optional(),
};

const SCHEMAS = {
  api: z.object({
    ...base,
    ...dataKeys,
    ...payloadKeys,
    REDIS_URL: z.string().regex(/^rediss?:\/\//, 'a redis:// URL'),
    PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
    AURA_HOST: z.string().default('127.0.0.1'),
    AURA_PUBLIC_URL: z.url().optional(),
    AURA_SIGNING_KEY_FILE: keyFile,
    AURA_REGION: z.string().min(1).max(50).default('local'),
    /** The pause before a webhook's second attempt; the longer ones follow from it. */
    AURA_WEBHOOK_RETRY_MS: milliseconds.default(WEBHOOK_RETRY.firstMs),
    /** What API keys and their secrets are derived from: 32 random bytes in base64. */
    AURA_API_SECRET_FILE: secretFile,
    AURA_SANDBOX: flag.default(false),
    AURA_SANDBOX_GRANT_USD: usd.prefault('10000.00'),
    /** AURA's wallet for payments by x402; without it they are not offered. */
    AURA_X402_PAY_TO: z
      .string()
      .regex(/^0x[0-9a-fA-F]{40}$/, 'an address, 0x and 40 hexadecimal digits')
      .optional(),
    /** AURA's wallet at the stablecoin rail, for the sandbox's wallets to pay to. */
    AURA_STABLECOIN_PAY_TO: z
      .string()
      .regex(/^0x[0-9a-fA-F]{40}$/, 'an address, 0x and 40 hexadecimal digits')
      .optional(),
    /** The sandbox's chain, whose operator funds the sandbox's wallets. */
    AURA_SANDBOX_CHAIN_URL: z.url().optional(),
    /** The stablecoin's EIP-712 domain. */
    AURA_X402_TOKEN_NAME: z.string().min(1).default('USD Coin'),
    AURA_X402_TOKEN_VERSION: z.string().min(1).default('2'),
    /** `name=url` pairs, separated by commas: facilitators whose payment tokens are taken. */
    AURA_X402_FACILITATORS: facilitators.prefault(''),
    AURA_USDC: token,
    /** What a day of the market profiles' windows lasts, milliseconds; tests shorten it. */
    AURA_DAY_MS: milliseconds.optional(),
    /** `name=limit/seconds` pairs, separated by commas, instead of the protocol's rate limits. */
    AURA_RATE_LIMITS: amended(readRateLimits),
    /** Answers that do not match their schema become errors; for tests. */
    AURA_CHECK_ANSWERS: flag.default(false),
    /** Reverse proxies in front that set X-Forwarded-For. */
    AURA_PROXIES: z.coerce.number().int().min(0).max(10).default(0),
    /** How long a merchant may take to confirm an order during a commit. */
    AURA_CONFIRMATION_TIMEOUT_MS: milliseconds.max(30_000).default(5_000),
    AURA_MAX_OFFERS_PER_BEACON: z.coerce.number().int().min(1).max(50).default(5),
  }),
  worker: z.object({
    ...base,
    ...dataKeys,
    ...payloadKeys,
    REDIS_URL: z.string().regex(/^rediss?:\/\//, 'a redis:// URL'),
    AURA_SANDBOX: flag.default(false),
    AURA_SIGNING_KEY_FILE: keyFile,
    /** The workflow code as one prebuilt script; by default it is bundled at start. */
    AURA_WORKFLOW_BUNDLE: z.string().optional(),
    /** What a day of a profile's windows lasts; a sandbox need not wait for weeks. */
    AURA_DAY_MS: milliseconds.optional(),
    AURA_USDC: token,
    /** JSON-RPC of the chain that AURA reads settlements from for itself. */
    AURA_CHAIN_RPC_URL: z.url().optional(),
    AURA_INSTRUCTION_TTL_MS: milliseconds.optional(),
    AURA_RAIL_MAX_DELAY_MS: milliseconds.optional(),
    /** The longest wait between two inquiries, instead of the rail's own. */
    AURA_INQUIRY_LAST_MS: milliseconds.optional(),
    AURA_MARGIN_CALL_MS: milliseconds.optional(),
    /** How long personal data, feeds and deliveries are kept; see `domain/retention`. */
    AURA_RETENTION_DAYS: amended(readRetention),
  }),
  rail: z.object({
    ...base,
    ...dataKeys,
    AURA_PUBLIC_KEY: publicKey,
    RAIL: z.enum(RAILS),
    RAIL_URL: z.url(),
    /** The network's signing key, where it signs its messages. */
    RAIL_NETWORK_KEY: publicKey.optional(),
    RAIL_KEY_FILE: keyFile,
    /** The rail's own payload keys. */
    RAIL_PAYLOAD_KEYS_FILE: z.string(),
    /** The name under which the key is registered; `rail-<name>` by default. */
    RAIL_KEY_ID: z.string().optional(),
    /** The credential at the network: a processor's API key or the wallet's private key. */
    RAIL_SECRET_FILE: keyFile.optional(),
    RAIL_FACILITATOR_URL: z.url().optional(),
    /** Where a processor's webhooks arrive, and the secret they are signed with. */
    RAIL_WEBHOOK_SECRET_FILE: keyFile.optional(),
    RAIL_WEBHOOK_HOST: z.string().default('127.0.0.1'),
    RAIL_WEBHOOK_PORT: z.coerce.number().int().min(0).max(65_535).default(8090),
    AURA_USDC: token,
    RAIL_TIMEOUT_MS: milliseconds.default(10_000),
    /** How long a rail that failed several times in a row is left alone. */
    RAIL_BREAKER_OPEN_MS: milliseconds.default(15_000),
  }),
  setup: z.object({
    ...base,
    ...dataKeys,
    ...payloadKeys,
    AURA_SANDBOX: flag.default(false),
    AURA_OPERATOR_KEY: publicKey.optional(),
    /** `rail=key` pairs, separated by commas: the adapters' proof-signing keys. */
    AURA_RAIL_KEYS: z.string().default(''),
    /** The rails that run here, separated by commas. */
    AURA_RAILS: railList,
    AURA_USDC: token,
    /** How often rails are asked what they have to say of their own accord. */
    AURA_NOTICES_EVERY_MS: milliseconds.default(60_000),
    AURA_DAY_MS: milliseconds.optional(),
    AURA_RECONCILE_EVERY_MS: milliseconds.default(300_000),
  }),
};

export type ProcessName = keyof typeof SCHEMAS;
export type Config<Name extends ProcessName> = z.infer<(typeof SCHEMAS)[Name]>;

/** The configuration of one process. Throws `ConfigError` with one line that names the variable. */
export function readConfig<Name extends ProcessName>(
  name: Name,
  env: NodeJS.ProcessEnv = process.env,
): Config<Name> {
  const result = SCHEMAS[name].safeParse(env);
  if (result.success) return result.data as Config<Name>;
  const [issue] = result.error.issues;
  const variable = String(issue?.path[0] ?? 'environment');
  const given = env[variable];
  const what = given === undefined ? 'is not set' : `is ${JSON.stringify(secret(variable, given))}`;
  throw new ConfigError(`${variable} ${what}: ${issue?.message ?? 'invalid'}`);
}

/** Values that may carry a password are not repeated. */
const secret = (variable: string, value: string) => (/URL|KEY|SECRET/.test(variable) ? '(hidden)' : value);

/** Parses `rtp=<key>,fednow=<key>`. */
export function readRailKeys(pairs: string): Map<RailName, string> {
  const keys = new Map<RailName, string>();
  for (const pair of pairs.split(',').filter(Boolean)) {
    const at = pair.indexOf('=');
    const rail = RAILS.find((name) => name === pair.slice(0, at));
    if (!rail) throw new ConfigError(`AURA_RAIL_KEYS names an unknown rail in "${pair.slice(0, at)}"`);
    keys.set(rail, parsePublicKey(pair.slice(at + 1)));
  }
  return keys;
}
