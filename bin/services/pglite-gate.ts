/**
 * A gate in front of PGlite's socket server. PGlite is one session; its server takes turns message by message, so two
 * clients' extended queries could mix. Here a client keeps its turn from its first byte until the server says
 * ReadyForQuery outside of a transaction (PostgreSQL frontend/backend protocol 3.0).
 */
import { connect, createServer, type Server, type Socket } from 'node:net';

const SSL_REQUEST = 80_877_103;
const CANCEL_REQUEST = 80_877_102;
const HEADER = 5;
const TERMINATE = 'X'.charCodeAt(0);
const READY_FOR_QUERY = 'Z'.charCodeAt(0);
const IDLE = 'I'.charCodeAt(0);
/** Time for the server behind to roll back what a client that has gone left open. */
const ROLLBACK_MS = 50;

export interface GateOptions {
  host: string;
  port: number;
  backendPort: number;
}

export async function openGate({ host, port, backendPort }: GateOptions): Promise<Server> {
  const turns = new Turns();
  const server = createServer((client) => {
    client.setNoDelay(true);
    const backend = connect({ host, port: backendPort, noDelay: true });
    new Conversation(client, backend, turns);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return server;
}

/** One holder at a time, first come first served. */
class Turns {
  private readonly waiting: (() => void)[] = [];
  private held = false;

  take(start: () => void): void {
    if (this.held) {
      this.waiting.push(start);
      return;
    }
    this.held = true;
    start();
  }

  pass(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.held = false;
  }
}

type Turn = 'none' | 'asked' | 'held';

class Conversation {
  private turn: Turn = 'none';
  private started = false;
  /** Answers that are still to come: one ReadyForQuery for each Query or Sync, and one for the startup. */
  private owed = 0;
  private fromClient = Buffer.alloc(0);
  private fromBackend = Buffer.alloc(0);

  constructor(
    private readonly client: Socket,
    private readonly backend: Socket,
    private readonly turns: Turns,
  ) {
    client.on('data', (chunk) => this.clientSaid(chunk));
    backend.on('data', (chunk) => this.backendSaid(chunk));
    for (const socket of [client, backend]) {
      socket.on('error', () => this.end());
      socket.on('close', () => this.end());
    }
  }

  private clientSaid(chunk: Buffer): void {
    this.fromClient = Buffer.concat([this.fromClient, chunk]);
    if (this.turn === 'held') this.forward();
    else if (this.started && this.fromClient[0] === TERMINATE) this.end();
    else if (this.turn === 'none' && this.hasMessage()) {
      this.turn = 'asked';
      this.turns.take(() => {
        this.turn = 'held';
        if (this.client.destroyed) this.release();
        else this.forward();
      });
    }
  }

  /** Whether a whole message waits. A request for TLS or a cancellation is answered here and takes no turn. */
  private hasMessage(): boolean {
    if (this.started) return this.nextLength() > 0;
    while (this.fromClient.length >= 8) {
      const code = this.fromClient.readInt32BE(4);
      if (code === CANCEL_REQUEST) this.client.destroy();
      if (code !== SSL_REQUEST) return this.fromClient.length >= this.fromClient.readInt32BE(0);
      this.fromClient = this.fromClient.subarray(8);
      this.client.write('N');
    }
    return false;
  }

  /** Length of the first whole message from the client, 0 where it has not arrived yet. */
  private nextLength(): number {
    const offset = this.started ? 1 : 0;
    if (this.fromClient.length < offset + 4) return 0;
    const length = offset + this.fromClient.readInt32BE(offset);
    return this.fromClient.length >= length ? length : 0;
  }

  private forward(): void {
    for (let length = this.nextLength(); length > 0; length = this.nextLength()) {
      const message = this.fromClient.subarray(0, length);
      this.fromClient = this.fromClient.subarray(length);
      const type = this.started ? String.fromCharCode(message[0] ?? 0) : 'startup';
      if (['startup', 'Q', 'S', 'F'].includes(type)) this.owed++;
      this.started = true;
      this.backend.write(message);
    }
  }

  private backendSaid(chunk: Buffer): void {
    this.client.write(chunk);
    this.fromBackend = Buffer.concat([this.fromBackend, chunk]);
    while (this.fromBackend.length >= HEADER) {
      const length = 1 + this.fromBackend.readInt32BE(1);
      if (this.fromBackend.length < length) return;
      const [type, status] = [this.fromBackend[0], this.fromBackend[HEADER]];
      this.fromBackend = this.fromBackend.subarray(length);
      if (type !== READY_FOR_QUERY) continue;
      this.owed--;
      if (this.owed <= 0 && status === IDLE) this.release();
    }
  }

  private release(): void {
    if (this.turn !== 'held') return;
    this.turn = 'none';
    this.turns.pass();
    // What the client sent meanwhile waits for the next turn.
    if (this.fromClient.length > 0 && !this.client.destroyed) this.clientSaid(Buffer.alloc(0));
  }

  private end(): void {
    this.client.destroy();
    this.backend.destroy();
    if (this.turn === 'held') setTimeout(() => this.release(), ROLLBACK_MS);
  }
}
