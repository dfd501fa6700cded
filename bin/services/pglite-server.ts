/** Run as a process of its own, with a data folder and a port: serves PGlite over the wire protocol. */
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { openGate } from './pglite-gate';
import { freePorts, LOOPBACK } from './ports';

const MAX_CONNECTIONS = 200;
const PARENT_CHECK_EVERY_MS = 1_000;

async function main(): Promise<void> {
  const [folder, port] = process.argv.slice(2);
  if (folder === undefined || port === undefined) throw new Error('a data folder and a port are needed');
  const parent = process.ppid;
  const db = await PGlite.create({ dataDir: folder, extensions: { vector } });
  const [backendPort = 0] = await freePorts(1);
  const server = new PGLiteSocketServer({
    db,
    host: LOOPBACK,
    port: backendPort,
    maxConnections: MAX_CONNECTIONS,
  });
  await server.start();
  const gate = await openGate({ host: LOOPBACK, port: Number(port), backendPort });
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    gate.close();
    await server.stop();
    await db.close();
    process.exit(0);
  };
  const stopOrFail = () => void stop().catch(fail);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stopOrFail);
  // Only one process may have the data folder open, so this one doesn't outlive its supervisor.
  setInterval(() => {
    if (process.ppid !== parent) stopOrFail();
  }, PARENT_CHECK_EVERY_MS);
}

function fail(error: unknown): void {
  console.error('error:', error);
  process.exit(1);
}

main().catch(fail);
