import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';

export const LOOPBACK = '127.0.0.1';

const TRIES = 50;
const LOWEST = 1_024;

/** Ports that nobody listens on now, not above `highest`; all are held at once, so no two are the same. */
export async function freePorts(count: number, highest?: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(highest)));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** On a port of the system's choice, or on any that is free up to the highest. */
async function listen(highest?: number): Promise<Server> {
  for (let tries = 1; ; tries++) {
    const server = createServer();
    const port = highest === undefined ? 0 : LOWEST + Math.floor(Math.random() * (highest - LOWEST));
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, LOOPBACK, resolve);
      });
      return server;
    } catch (error) {
      if (highest === undefined || tries === TRIES) throw error;
    }
  }
}
