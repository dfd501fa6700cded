/** The ACH rail with its sandbox bank, ready for the contract suite. `settle` lets banking days pass. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '../../domain/ids';
import { createSigner, generateKeyPair, type Signer } from '../../domain/keys';
import {
  isIncoming,
  signInstruction,
  type Instruction,
  type InstructionKind,
  type InstructionParty,
  type RailAnswer,
  type SignedInstruction,
  type StatementLine,
} from '../../domain/settlement';
import { createAchAdapter, type AchAdapter } from '../../rails/ach';
import { openEvidence } from '../../rails/instant';
import type { BankAccount } from '../../rails/port';
import { SANDBOX_OPENING_BALANCE_MINOR, spawnSandboxNetwork, type SandboxProcess } from '../../rails/sandbox';
import type { RailHarness } from './rail-harness';
import { createInMemoryDirectory, type InMemoryDirectory } from './party-directory';
import { createOperator, type Operator } from './sandbox-network';

export interface AdapterOptions {
  batchWindowMs?: number;
  timeoutMs?: number;
  networkUrl?: string;
}

export interface AchHarness extends RailHarness {
  adapter: AchAdapter;
  impatient: AchAdapter;
  directory: InMemoryDirectory;
  operator: Operator;
  bankUrl(): string;
  /** Lets so many banking days pass. */
  advance(bankingDays?: number): Promise<void>;
  businessDate(): Promise<string>;
  /** Another adapter, with a window of its own. */
  anotherAdapter(options?: AdapterOptions): AchAdapter;
  openAccount(account?: Partial<BankAccount>, balanceMinor?: bigint): Promise<string>;
  rule(rule: Record<string, unknown>): Promise<void>;
  lines(): Promise<StatementLine[]>;
}

const TIMEOUT_MS = 20_000;
const IMPATIENT_TIMEOUT_MS = 700;
const WINDOW_MS = 20;
/** Enough for a weekend's difference of the calendars and a day that something is late. */
const MAX_DAYS = 6;
const UNUSED_PORT_URL = 'http://127.0.0.1:9/ach';

/** What the harness is made of. */
interface Parts {
  running: SandboxProcess;
  spawned: { family: 'ach'; dataDir: string; slowAnswerMs: number; settings: Record<string, string> };
  networkKey: string;
  directory: InMemoryDirectory;
  proofSigner: Signer;
  aura: Signer;
  operator: Operator;
  adapter: AchAdapter;
  impatient: AchAdapter;
}

export async function createAchHarness(settings: Record<string, string> = {}): Promise<AchHarness> {
  const parts = await createParts(settings);
  const { adapter, impatient, directory, operator, proofSigner, aura, networkKey, spawned } = parts;
  return {
    rail: 'ach',
    asset: 'USD',
    adapter,
    impatient,
    directory,
    operator,
    bankUrl: () => bankUrl(parts),
    reasons: { insufficient: 'R01', closed: 'R02', limit: 'AM02', refused: 'R17' },
    impossible: new Set(),
    carriesPayouts: true,
    mandatesIgnoreFunds: true,
    feeMinor: () => 0n,
    async settle(signed) {
      const answer = await adapter.submit(signed);
      return answer.outcome === 'pending' ? conclude(parts, signed) : answer;
    },
    conclude: (signed) => conclude(parts, signed),
    tamper: (evidence) => evidence.replace('USD', 'EUR'),
    proofKey: proofSigner.publicKey,
    openingMinor: SANDBOX_OPENING_BALANCE_MINOR,
    unreachable: () => anAdapter(parts, { networkUrl: UNUSED_PORT_URL }),
    anAccount: ({ balanceMinor, refusesMandates } = {}) =>
      openAccount(parts, {}, balanceMinor, refusesMandates),
    openAccount: (account, balanceMinor) => openAccount(parts, account, balanceMinor),
    closeAccount: async (ref) => operator.close(await accountOf(parts, ref)),
    aMandate: (ref, options) => acceptMandate(parts, ref, options?.ceilingMinor),
    sign: (instruction) => signInstruction(instruction, aura),
    instruct: (kind, given) => instruct(parts, kind, given),
    misbehave: (kind, on = 'transfer') => addRule(parts, { kind, on }),
    rule: (given) => addRule(parts, given),
    balanceMinor: async (ref) =>
      operator.balanceMinor(ref === undefined ? undefined : await accountOf(parts, ref)),
    async bookingsOf(id) {
      const answer = await operator.call('GET', `entries/${id}`);
      return (answer.body as { settlements?: unknown[] }).settlements?.length ?? 0;
    },
    evidenceHolds: ({ evidence }) => openEvidence(evidence, networkKey) !== undefined,
    async crashNetwork() {
      const { port } = parts.running;
      await parts.running.kill();
      parts.running = await spawnSandboxNetwork({ ...spawned, port });
    },
    advance: (bankingDays) => advance(parts, bankingDays),
    businessDate: async () => ((await call(parts, 'GET', '')) as { businessDate: string }).businessDate,
    anotherAdapter: (options) => anAdapter(parts, options),
    lines: () => readLines(parts),
    async stop() {
      await adapter.close();
      await impatient.close();
      await parts.running.stop();
      await rm(spawned.dataDir, { recursive: true, force: true });
    },
  };
}

async function createParts(settings: Record<string, string>): Promise<Parts> {
  const dataDir = await mkdtemp(join(tmpdir(), 'aura-ach-'));
  const spawned = { family: 'ach' as const, dataDir, slowAnswerMs: 300, settings };
  const running = await spawnSandboxNetwork(spawned);
  const base = {
    running,
    spawned,
    networkKey: running.keys.ach ?? '',
    directory: createInMemoryDirectory(),
    proofSigner: createSigner(generateKeyPair().privateKeyPem, newId('key')),
    aura: createSigner(generateKeyPair().privateKeyPem, newId('key')),
  };
  const adapter = anAdapter(base);
  const impatient = anAdapter(base, { timeoutMs: IMPATIENT_TIMEOUT_MS });
  const operator: Operator = createOperator(() => `${bankUrl(parts)}/operator`);
  const parts: Parts = { ...base, operator, adapter, impatient };
  await operator.register(base.proofSigner.keyId, base.proofSigner.publicKey);
  return parts;
}

function bankUrl({ running }: Pick<Parts, 'running'>): string {
  return `${running.url}/ach`;
}

function anAdapter(
  parts: Pick<Parts, 'running' | 'proofSigner' | 'networkKey' | 'aura' | 'directory'>,
  options: AdapterOptions = {},
): AchAdapter {
  const { proofSigner, networkKey, aura, directory } = parts;
  return createAchAdapter({
    networkUrl: bankUrl(parts),
    timeoutMs: TIMEOUT_MS,
    batchWindowMs: WINDOW_MS,
    ...options,
    signer: proofSigner,
    networkKey,
    auraKey: aura.publicKey,
    directory,
    clock: () => new Date(),
  });
}

async function call({ operator }: Parts, method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await operator.call(method, path, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
  return answer.body;
}

async function addRule(parts: Parts, rule: Record<string, unknown>): Promise<void> {
  await call(parts, 'POST', 'misbehaviours', { nextCount: 1, ...rule });
}

async function advance(parts: Parts, bankingDays = 1): Promise<void> {
  await call(parts, 'POST', 'advance', { bankingDays });
}

async function conclude(parts: Parts, signed: SignedInstruction): Promise<RailAnswer> {
  for (let day = 0; ; day += 1) {
    const answer = await parts.adapter.inquire(signed);
    if (answer.outcome !== 'pending' || day === MAX_DAYS) return answer;
    await advance(parts);
  }
}

async function accountOf({ directory }: Parts, ref: string): Promise<BankAccount> {
  return (await directory.account(ref)) as BankAccount;
}

async function openAccount(
  { operator, directory }: Parts,
  given: Partial<BankAccount> = {},
  balanceMinor = 10_000_000n,
  refusesMandates = false,
): Promise<string> {
  const ref = newId('paymentAccount');
  const account: BankAccount = {
    holderName: 'Smith & Sons <Ltd>',
    routingNumber: '990000204',
    accountNumber: ref.slice(-16),
    asset: 'USD',
    ...given,
  };
  await operator.open(account, balanceMinor, refusesMandates);
  directory.addAccount(ref, account);
  return ref;
}

async function acceptMandate(parts: Parts, accountRef: string, ceilingMinor = 1_000_000n): Promise<string> {
  const mandateId = newId('mandate');
  const answer = await parts.adapter.requestMandate({
    mandateId,
    accountRef,
    ceilingMinor: ceilingMinor.toString(),
    asset: 'USD',
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
  });
  if (answer.outcome !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(answer)}`);
  const account = await accountOf(parts, accountRef);
  parts.directory.addMandate(mandateId, { reference: answer.reference, account });
  return mandateId;
}

async function instruct(
  parts: Parts,
  kind: InstructionKind,
  given: Partial<Instruction> = {},
): Promise<SignedInstruction> {
  const incoming = isIncoming(kind);
  const theirs = (incoming ? given.debtor : given.creditor) ?? (await counterparty(parts, incoming));
  const ours = { account_ref: 'aura' };
  const now = Date.now();
  const instruction: Instruction = {
    type: 'aura.settlement-instruction.v1',
    instruction_id: newId('instruction'),
    kind,
    rail: 'ach',
    amount_minor: '34990',
    asset: 'USD',
    debtor: incoming ? theirs : ours,
    creditor: incoming ? ours : theirs,
    subject_id: newId('transaction'),
    commitment_hash: 'ab'.repeat(32),
    created_at: new Date(now).toISOString(),
    expires_at: new Date(now + 60_000).toISOString(),
    ...given,
  };
  const signed = signInstruction(instruction, parts.aura);
  parts.directory.addInstruction(signed);
  return signed;
}

async function counterparty(parts: Parts, incoming: boolean): Promise<InstructionParty> {
  const account_ref = await openAccount(parts);
  return incoming ? { account_ref, mandate_ref: await acceptMandate(parts, account_ref) } : { account_ref };
}

async function readLines({ adapter }: Parts): Promise<StatementLine[]> {
  const period = { from: '2020-01-01T00:00:00Z', to: new Date(Date.now() + 60_000).toISOString() };
  const lines: StatementLine[] = [];
  for await (const line of (await adapter.statement(period)).lines) lines.push(line);
  return lines;
}
