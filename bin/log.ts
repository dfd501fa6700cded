import pino, { type Logger } from 'pino';

/** Structured logs on standard error. Anything that could be a secret or personal is redacted wherever it stands. */
export function createLog(name: string, level: string): Logger {
  return pino(
    {
      name,
      level,
      redact: {
        paths: [
          'buyer_identity',
          'shipping_address',
          'account_number',
          'raw_intent',
          'authorization',
          '*.buyer_identity',
          '*.shipping_address',
          '*.account_number',
          '*.raw_intent',
          '*.authorization',
          'err.bindings',
          'err.sql',
          'err.detail',
        ],
        censor: '[redacted]',
      },
    },
    pino.destination(2),
  );
}
