/**
 * `services.json` in the data folder: what this project's commands have running and who uses it. Commands change it
 * only while they hold the lock beside it; the supervisors read it.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { acquireLock, isAlive } from '../lock.mjs';
import { stopSupervisor } from './supervised';

/** One running server of each key at a time: servers of different keys can't stand in for each other. */
export type ServiceKey =
  | 'temporal:memory'
  | 'temporal:file'
  | 'temporal:postgres'
  | 'postgres:server'
  | 'postgres:pglite'
  | 'redis:private'
  | 'toxiproxy:private';

export interface ServiceRecord {
  key: ServiceKey;
  url: string;
  origin: string;
  /** Process token of its supervisor. */
  supervisor: string;
  /** Tokens of the commands that use it. */
  users: string[];
  /** What a client needs beyond the url. */
  extra: Record<string, string>;
}

export class Registry {
  readonly file: string;
  private readonly lockFile: string;

  constructor(dataDir: string) {
    mkdirSync(dataDir, { recursive: true });
    this.file = join(dataDir, 'services.json');
    this.lockFile = join(dataDir, 'services.lock');
  }

  async locked<T>(onWait: (holderPid: number, waitedMs: number) => void, work: () => Promise<T>): Promise<T> {
    const release = await acquireLock(this.lockFile, onWait);
    try {
      return await work();
    } finally {
      release();
    }
  }

  /** An unreadable file counts as empty: the supervisors of what it listed end with their users. */
  read(): ServiceRecord[] {
    try {
      const { services } = JSON.parse(readFileSync(this.file, 'utf8')) as { services?: unknown };
      return Array.isArray(services) ? services.filter(isRecord) : [];
    } catch {
      return [];
    }
  }

  add(record: ServiceRecord): void {
    this.write([...this.read().filter(({ key }) => key !== record.key), record]);
  }

  remove(key: ServiceKey): void {
    this.write(this.read().filter((record) => record.key !== key));
  }

  /** The record of a server that runs and stays: one whose users have all gone is about to be stopped. */
  findLive(key: ServiceKey): ServiceRecord | undefined {
    return this.read().find(
      (record) => record.key === key && isAlive(record.supervisor) && record.users.some(isAlive),
    );
  }

  /** Clears what an earlier command left, and waits until a server on its way out has given up its data. */
  async clearStale(key: ServiceKey): Promise<void> {
    const stale = this.read().find((record) => record.key === key);
    if (stale === undefined) return;
    await stopSupervisor(stale.supervisor);
    this.remove(key);
  }

  join(key: ServiceKey, user: string): void {
    this.write(
      this.read().map((record) =>
        record.key === key ? { ...record, users: [...record.users.filter(isAlive), user] } : record,
      ),
    );
  }

  /** Takes the user off all records; what nobody uses any more is stopped, all at the same time. */
  async leave(user: string): Promise<void> {
    const mine = this.read().filter(({ users }) => users.includes(user));
    const left = mine.map((record) => ({
      ...record,
      users: record.users.filter((other) => other !== user && isAlive(other)),
    }));
    const unused = left.filter(({ users }) => users.length === 0);
    await Promise.all(unused.map(({ supervisor }) => stopSupervisor(supervisor)));
    this.write(
      this.read()
        .map((record) => left.find(({ key }) => key === record.key) ?? record)
        .filter(({ users }) => users.length > 0),
    );
  }

  /** Supervisors read the file at any time, so it changes in one step; urls may hold passwords. */
  private write(services: ServiceRecord[]): void {
    const draft = `${this.file}.${process.pid}`;
    writeFileSync(draft, `${JSON.stringify({ services }, null, 2)}\n`, { mode: 0o600 });
    renameSync(draft, this.file);
  }
}

function isRecord(value: unknown): value is ServiceRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { key, url, supervisor, users, extra } = value as Partial<ServiceRecord>;
  const texts = [key, url, supervisor, ...(Array.isArray(users) ? users : [undefined])];
  return texts.every((text) => typeof text === 'string') && typeof extra === 'object';
}
