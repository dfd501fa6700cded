import { DefaultLogger, Runtime } from '@temporalio/worker';

const USELESS = [/^No workflows registered/];

/** The SDK's runtime, saying only what somebody has to look at, on standard error. Ends are ours to order. */
export function quietTemporal(): void {
  const logger = new DefaultLogger('WARN', ({ level, message, meta }) => {
    if (USELESS.some((pattern) => pattern.test(message))) return;
    process.stderr.write(`${JSON.stringify({ level, msg: message, ...describe(meta) })}\n`);
  });
  Runtime.install({
    shutdownSignals: [],
    logger,
    telemetryOptions: { logging: { filter: 'ERROR', forward: {} } },
  });
}

function describe(meta: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> {
  const { error, ...rest } = meta ?? {};
  return { ...rest, ...(error instanceof Error && { error: error.stack ?? error.message }) };
}
