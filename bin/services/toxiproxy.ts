/** Toxiproxy, which cuts, delays and holds up the connections that go through it: found, or built with Go. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findOnPath, isExecutable, runCommand } from './commands';
import { LOOPBACK } from './ports';
import { ServiceError, type Context } from './service';
import type { Launch } from './supervised';

const GO_PACKAGE = 'github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0';
const BUILD_TIMEOUT_MS = 10 * 60_000;
const START_TIMEOUT_MS = 15_000;

/** How it is started. Its proxies are made by its HTTP API. */
export async function planToxiproxy(context: Context): Promise<Launch> {
  const path = await findOrBuild(context);
  return {
    name: 'toxiproxy',
    key: 'toxiproxy:private',
    origin: `Toxiproxy, ${path}`,
    portCount: 1,
    timeoutMs: START_TIMEOUT_MS,
    plan: ([port]) => ({
      url: `http://${LOOPBACK}:${port}`,
      spec: {
        command: path,
        args: ['-host', LOOPBACK, '-port', String(port)],
        // Its log tells of each connection.
        env: { ...context.env, LOG_LEVEL: 'error' },
        stopSignal: 'SIGTERM',
      },
    }),
    check: async ({ url }) => {
      const { ok, status } = await fetch(`${url}/version`);
      if (!ok) throw new Error(`status ${status}`);
    },
  };
}

async function findOrBuild(context: Context): Promise<string> {
  const installed = findOnPath('toxiproxy-server', context.env);
  if (installed !== undefined) return installed;
  const folder = join(context.cacheDir, 'toxiproxy');
  const cached = join(folder, 'server');
  if (isExecutable(cached)) return cached;
  const go = findOnPath('go', context.env);
  if (go === undefined)
    throw new ServiceError('Toxiproxy was not found: install toxiproxy-server, or Go to build it.');
  context.say(`Toxiproxy: building it with go install ${GO_PACKAGE}, once`);
  mkdirSync(folder, { recursive: true });
  const result = await runCommand(go, ['install', GO_PACKAGE], {
    timeoutMs: BUILD_TIMEOUT_MS,
    env: { ...context.env, GOBIN: folder, GOFLAGS: '' },
    signal: context.signal,
    onElapsed: (elapsed) => context.say(`Toxiproxy: still building, ${elapsed}`),
  });
  if (result.ok && isExecutable(cached)) return cached;
  throw new ServiceError(
    `Toxiproxy could not be built with Go (${result.lastLine}): install toxiproxy-server.`,
  );
}
