/** The sandbox networks as tests use them: a process of their own in a folder of their own, and their operator. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import type { PublicKey } from '../../domain/keys';
import type { RailName } from '../../domain/settlement';
import type { BankAccount } from '../../rails/port';
import { spawnSandboxNetwork, type MisbehaviourKind, type SandboxProcess } from '../../rails/sandbox';

export interface SandboxUnderTest {
  url(): string;
  keys(): Readonly<Record<string, PublicKey>>;
  dataDir: string;
  operator(rail: RailName): Operator;
  /** Kills it with SIGKILL and starts it again on its data, at the same address. */
  crashAndRestart(): Promise<void>;
  stop(): Promise<void>;
}

export interface TransferShown {
  id: string;
  status: string;
  reason?: string;
  instructedMinor: string;
  bookings: { reference: string; amountMinor: string }[];
}

export interface Operator {
  call(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  register(keyId: string, publicKey: PublicKey): Promise<void>;
  open(account: BankAccount, balanceMinor: bigint, refusesMandates?: boolean): Promise<void>;
  close(account: BankAccount): Promise<void>;
  balanceMinor(account?: BankAccount): Promise<bigint>;
  transfers(): Promise<TransferShown[]>;
  misbehave(kind: MisbehaviourKind, rule?: Record<string, unknown>): Promise<void>;
}

export async function startSandboxForTest(
  options: { slowAnswerMs?: number } = {},
): Promise<SandboxUnderTest> {
  const dataDir = await mkdtemp(join(tmpdir(), 'aura-sandbox-'));
  let running: SandboxProcess = await spawnSandboxNetwork({ dataDir, ...options });
  return {
    dataDir,
    url: () => running.url,
    keys: () => running.keys,
    operator: (rail) => createOperator(() => `${running.url}/${rail}/operator`),
    async crashAndRestart() {
      const { port } = running;
      await running.kill();
      running = await spawnSandboxNetwork({ dataDir, port, ...options });
    },
    async stop() {
      await running.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export function createOperator(base: () => string): Operator {
  const call: Operator['call'] = async (method, path, body) => {
    const answer = await request(`${base()}/${path}`, {
      method: method as 'GET',
      // A pooled connection may belong to a process that was killed meanwhile.
      reset: true,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return { status: answer.statusCode, body: await answer.body.json() };
  };
  const expectDone = async (method: string, path: string, body?: unknown) => {
    const answer = await call(method, path, body);
    if (answer.status >= 300)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const accountPath = ({ routingNumber, accountNumber }: BankAccount) =>
    `accounts/${routingNumber}/${accountNumber}`;
  return {
    call,
    register: async (keyId, publicKey) => void (await expectDone('PUT', 'participant', { keyId, publicKey })),
    open: async (account, balanceMinor, refusesMandates = false) =>
      void (await expectDone('POST', 'accounts', {
        ...account,
        balanceMinor: balanceMinor.toString(),
        refusesMandates,
      })),
    close: async (account) => void (await expectDone('POST', `${accountPath(account)}/close`, {})),
    balanceMinor: async (account) => {
      const body = await expectDone('GET', account ? accountPath(account) : 'settlement-account');
      return BigInt((body as { balanceMinor: string }).balanceMinor);
    },
    transfers: async () =>
      ((await expectDone('GET', 'transfers')) as { transfers: TransferShown[] }).transfers,
    misbehave: async (kind, rule = {}) =>
      void (await expectDone('POST', 'misbehaviours', { kind, nextCount: 1, ...rule })),
  };
}
