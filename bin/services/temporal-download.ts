/** Run as a process of its own, with a folder: has the Temporal SDK download its dev server there. */
import { Runtime } from '@temporalio/worker';
import { version } from '@temporalio/worker/package.json';
import { LOOPBACK } from './ports';

async function main(): Promise<void> {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error('a folder to download to is missing');
  const runtime = Runtime.instance();
  // The SDK downloads a server only in order to start it.
  const server = await runtime.createEphemeralServer({
    type: 'dev-server',
    exe: {
      type: 'cached-download',
      downloadDir: folder,
      version: 'default',
      ttl: 0,
      sdkName: 'sdk-typescript',
      sdkVersion: version,
    },
    namespace: 'default',
    ip: LOOPBACK,
    port: null,
    uiPort: null,
    dbFilename: null,
    ui: false,
    log: { format: 'pretty', level: 'error' },
    extraArgs: [],
  });
  await runtime.shutdownEphemeralServer(server);
  process.exit(0);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
});
