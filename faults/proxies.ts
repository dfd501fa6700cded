/** Toxiproxy's HTTP API: one proxy for each link, and what is done to the connections through it. */
import { freePorts, LOOPBACK } from '../bin/services/ports';
import type { Link } from './kinds';

export interface Toxic {
  type: 'latency' | 'timeout' | 'reset_peer' | 'limit_data' | 'slicer' | 'bandwidth';
  stream: 'upstream' | 'downstream';
  attributes: Readonly<Record<string, number>>;
}

export interface Proxies {
  /** Puts a proxy before `host:port` and answers the proxy's own. */
  front(link: Link, upstream: string): Promise<string>;
  /** Closes all connections, and takes none while it is off. */
  enable(link: Link, enabled: boolean): Promise<void>;
  poison(link: Link, name: string, toxic: Toxic): Promise<void>;
  cure(link: Link, name: string): Promise<void>;
}

export function createProxies(toxiproxyUrl: string): Proxies {
  async function call(method: string, path: string, body?: unknown): Promise<void> {
    const response = await fetch(`${toxiproxyUrl}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`toxiproxy ${method} ${path}: ${await response.text()}`);
    await response.arrayBuffer();
  }
  return {
    async front(link, upstream) {
      const [port] = await freePorts(1);
      const listen = `${LOOPBACK}:${port}`;
      await call('POST', '/proxies', { name: link, listen, upstream, enabled: true });
      return listen;
    },
    enable: (link, enabled) => call('POST', `/proxies/${link}`, { enabled }),
    poison: (link, name, toxic) => call('POST', `/proxies/${link}/toxics`, { name, toxicity: 1, ...toxic }),
    cure: (link, name) => call('DELETE', `/proxies/${link}/toxics/${name}`),
  };
}
