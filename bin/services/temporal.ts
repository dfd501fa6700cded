import { Connection } from '@temporalio/client';
import { join } from 'node:path';
import { LOOPBACK } from './ports';
import type { Registry, ServiceKey, ServiceRecord } from './registry';
import { ServiceError, messageOf } from './service';
import type { Context, TemporalService } from './service';
import { launch, reuse, type Launch } from './supervised';
import { provideTemporalBinary } from './temporal-binary';

const CHECK_TIMEOUT_MS = 3_000;
const EXTERNAL_TIMEOUT_MS = 5_000;
const START_TIMEOUT_MS = 60_000;

/** `TEMPORAL_ADDRESS`, or else a development server of our own. */
export async function bringUpTemporal(
  context: Context,
  registry: Registry,
  { persist }: { persist: boolean },
): Promise<TemporalService> {
  const { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace = 'default' } = context.env;
  if (address) return useExternal(address, namespace);
  const key: ServiceKey = persist ? 'temporal:file' : 'temporal:memory';
  const running = await reuse(context, registry, key, checkRecord);
  if (running !== undefined) return fromRecord(running, false);
  return fromRecord(await launch(context, registry, await planTemporal(context, { persist })), true);
}

/** How a development server is started; it is downloaded or built where this machine has none. */
export async function planTemporal(context: Context, { persist }: { persist: boolean }): Promise<Launch> {
  const { TEMPORAL_NAMESPACE: namespace = 'default' } = context.env;
  const { path, where } = await provideTemporalBinary(context);
  return {
    name: 'temporal',
    key: persist ? 'temporal:file' : 'temporal:memory',
    origin: `${where}, ${persist ? 'keeping its state in a file' : 'in memory'}`,
    portCount: 4,
    timeoutMs: START_TIMEOUT_MS,
    plan: (ports) => {
      const [grpc, ui] = ports;
      return {
        url: `http://${LOOPBACK}:${grpc}`,
        extra: { namespace, uiUrl: `http://${LOOPBACK}:${ui}` },
        spec: {
          command: path,
          args: startArguments(ports, namespace, persist ? join(context.dataDir, 'temporal.db') : undefined),
          stopSignal: 'SIGTERM',
        },
      };
    },
    check: checkRecord,
  };
}

function startArguments(
  [grpc, ui, http, metrics]: number[],
  namespace: string,
  file: string | undefined,
): string[] {
  const flags: Record<string, string | number | undefined> = {
    '--headless': 'false',
    '--ip': LOOPBACK,
    '--port': grpc,
    '--ui-port': ui,
    '--http-port': http,
    '--metrics-port': metrics,
    '--namespace': namespace,
    '--db-filename': file,
    // Search attributes that are registered now can be used now.
    '--dynamic-config-value': 'system.forceSearchAttributesCacheRefreshOnRead=true',
  };
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  return ['server', 'start-dev', ...given.map(([flag, value]) => `${flag}=${value}`)];
}

async function useExternal(address: string, namespace: string): Promise<TemporalService> {
  try {
    await describeNamespace(address, namespace, EXTERNAL_TIMEOUT_MS);
  } catch (error) {
    throw new ServiceError(
      `TEMPORAL_ADDRESS is ${address}, but namespace "${namespace}" can't be used there (${messageOf(error)}): start it, or unset TEMPORAL_ADDRESS.`,
    );
  }
  return {
    name: 'temporal',
    url: `http://${address}`,
    address,
    namespace,
    uiUrl: null,
    origin: `the server at ${address} that TEMPORAL_ADDRESS names`,
    startedHere: false,
  };
}

export function fromRecord({ url, origin, extra }: ServiceRecord, startedHere: boolean): TemporalService {
  return {
    name: 'temporal',
    url,
    address: new URL(url).host,
    namespace: extra.namespace ?? 'default',
    uiUrl: extra.uiUrl ?? null,
    origin,
    startedHere,
  };
}

export async function checkRecord({ url, extra }: Pick<ServiceRecord, 'url' | 'extra'>): Promise<void> {
  await describeNamespace(new URL(url).host, extra.namespace ?? 'default', CHECK_TIMEOUT_MS);
}

async function describeNamespace(address: string, namespace: string, timeoutMs: number): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: timeoutMs });
  try {
    await connection.withDeadline(Date.now() + timeoutMs, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
  } finally {
    await connection.close();
  }
}
