/** A TCP proxy whose connections a test can cut, or let carry nothing any more. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface CuttingProxy {
  baseUrl: string;
  /** How many connections there have been. */
  connections(): number;
  cut(): void;
  /** From now on the connections that are open stay open, and nothing comes through; new ones are served. */
  swallow(): void;
  close(): Promise<void>;
}

export async function cuttingProxy(targetUrl: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(targetUrl);
  const open = new Set<Socket>();
  let connections = 0;
  const server = createServer((inner) => {
    connections++;
    const outer = connect(Number(port), hostname);
    for (const [socket, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      open.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => open.forEach((socket) => socket.destroy());
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    cut,
    swallow: () => open.forEach((socket) => socket.unpipe().on('data', () => undefined)),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}
