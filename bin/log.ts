import pino, { type Logger } from 'pino';

const CENSOR = '[redacted]';
/** What stands under these names is a secret or personal, wherever it lies. Compared without case, `-` and `_`. */
const HIDDEN = new Set(
  [
    ...[
      'authorization',
      'cookie',
      'signature',
      'x-signature',
      'x-aura-signature',
      'payment-signature',
      'x-payment',
    ],
    ...['secret', 'api_key', 'api_secret', 'token', 'password', 'private_key', 'secret_key'],
    ...[
      'raw_intent',
      'intent',
      'asked',
      'interpretation',
      'buyer_identity',
      'shipping_address',
      'address',
      'line1',
    ],
    ...[
      'email',
      'contact_email',
      'phone',
      'holder_name',
      'account_number',
      'identifier',
      'payer_authorization',
    ],
    ...['statement', 'evidence', 'comments', 'description', 'body', 'request_body', 'bindings'],
  ].map(plain),
);
const DEPTH_MAX = 6;

/**
 * Structured logs on standard error, or in a file. Anything that could be a secret or personal is redacted, however deep
 * it lies; of an error of the database the row that it quotes is left out.
 */
export function createLog(name: string, level: string, file?: string): Logger {
  return pino(
    {
      name,
      level,
      formatters: { log: (said) => redacted(said, 0) as Record<string, unknown> },
      // Errors were made plain by then.
      serializers: { err: (error: unknown) => error },
    },
    pino.destination({ dest: file ?? 2, sync: true }),
  );
}

function redacted(value: unknown, depth: number): unknown {
  if (value instanceof Error) return plainError(value, depth);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth === DEPTH_MAX) return '[deeper]';
  if (Array.isArray(value)) return value.map((item) => redacted(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      HIDDEN.has(plain(key)) && item !== null && item !== undefined ? CENSOR : redacted(item, depth + 1),
    ]),
  );
}

/** Name, message, code and stack. A database's error also carries the SQL and the row: neither is for a log. */
function plainError(error: Error, depth: number): Record<string, unknown> {
  const { code, constraint, table, cause } = error as Error & Record<string, unknown>;
  const [first = ''] = error.message.split('\n');
  return {
    type: error.name,
    message: withoutSql(first),
    stack: (error.stack ?? '')
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .join('\n'),
    ...(code !== undefined && { code }),
    ...(constraint !== undefined && { constraint }),
    ...(table !== undefined && { table }),
    ...(cause !== undefined && depth < DEPTH_MAX && { cause: redacted(cause, depth + 1) }),
  };
}

/** The query builder puts the statement before what went wrong. */
function withoutSql(message: string): string {
  const isSql = /^\s*(select|insert|update|delete|with|begin|declare|fetch)\b/i.test(message);
  return isSql ? message.slice(message.lastIndexOf(' - ') + 1).trim() : message;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '');
}
