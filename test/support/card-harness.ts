/** The card rail with its sandbox processor, ready for the contract suite and for tests of cards alone. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { newId } from '../../domain/ids';
import { createSigner, generateKeyPair, type Signer } from '../../domain/keys';
import {
  isIncoming,
  signInstruction,
  type Instruction,
  type InstructionKind,
  type SignedInstruction,
} from '../../domain/settlement';
import { createRailAdapter } from '../../rails';
import { openEvidence } from '../../rails/card';
import type { Authorization, Capture, Chargeback } from '../../rails/card/wire';
import type { CardAccount, RailAdapter } from '../../rails/port';
import { spawnSandboxNetwork, type MisbehaviourKind, type SandboxProcess } from '../../rails/sandbox';
import type { CardMisbehaviourKind } from '../../rails/sandbox/card/misbehaviour';
import { createInMemoryDirectory, type InMemoryDirectory } from './party-directory';
import type { RailHarness } from './rail-harness';
import { createOperator, type Operator } from './sandbox-network';

/** The test cards that the protocol names. */
export const SUCCEEDS = '4242424242424242';
export const DECLINED = '4000000000000002';
export const ASKS_FOR_3DS = '4000002500003155';

export interface CardHarness extends Omit<RailHarness, 'misbehave'> {
  directory: InMemoryDirectory;
  operator: Operator;
  /** Where the processor listens, with `/card`. */
  processorUrl(): string;
  /** The key that the processor signs with. */
  networkKey: string;
  dataDir: string;
  /** What the processor said when it was ready. */
  info(): Readonly<Record<string, string>>;
  misbehave(
    kind: MisbehaviourKind | CardMisbehaviourKind,
    on?: string,
    rule?: Record<string, unknown>,
  ): Promise<void>;
  /** Puts a card into the vault and makes it an account. */
  aCard(number: string): Promise<string>;
  /** One question to the processor as its client; the raw answer. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Asked>;
  authorizationOf(signed: SignedInstruction): Promise<Authorization | undefined>;
  captureOf(signed: SignedInstruction): Promise<Capture>;
  openChargeback(signed: SignedInstruction, wish?: Record<string, unknown>): Promise<Chargeback>;
  decide(chargebackId: string, outcome: 'won' | 'lost'): Promise<void>;
}

export interface Asked {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  body: unknown;
}

const TIMEOUT_MS = 20_000;
const IMPATIENT_TIMEOUT_MS = 700;
const UNUSED_PORT_URL = 'http://127.0.0.1:9/card';

interface Parts {
  process: SandboxProcess;
  operator: Operator;
  directory: InMemoryDirectory;
  accounts: Map<string, CardAccount>;
  aura: Signer;
  adapter: RailAdapter;
}

export async function createCardHarness(
  options: { settings?: Record<string, string>; clock?: () => Date } = {},
): Promise<CardHarness> {
  const dataDir = await mkdtemp(join(tmpdir(), 'aura-card-'));
  const start = (port?: number) =>
    spawnSandboxNetwork({ family: 'card', dataDir, port, slowAnswerMs: 300, settings: options.settings });
  const process = await start();
  const { url, keys, info } = process;
  const directory = createInMemoryDirectory();
  const proofSigner = createSigner(generateKeyPair().privateKeyPem, newId('key'));
  const aura = createSigner(generateKeyPair().privateKeyPem, newId('key'));
  const operator = createOperator(() => `${url}/card/operator`);
  const adapterAt = (networkUrl: string, timeoutMs = TIMEOUT_MS) =>
    createRailAdapter('card', {
      networkUrl,
      signer: proofSigner,
      networkKey: keys.card,
      auraKey: aura.publicKey,
      secret: info.apiKey,
      directory,
      clock: options.clock ?? (() => new Date()),
      timeoutMs,
    });
  const adapter = adapterAt(`${url}/card`);
  const impatient = adapterAt(`${url}/card`, IMPATIENT_TIMEOUT_MS);
  const parts: Parts = { process, operator, directory, accounts: new Map(), aura, adapter };
  return {
    rail: 'card',
    asset: 'USD',
    adapter,
    reasons: {
      insufficient: 'insufficient_funds',
      closed: 'invalid_account',
      limit: 'amount_too_large',
      refused: 'fraudulent',
    },
    impossible: new Set(),
    carriesPayouts: false,
    // 2.9 % and 0.30 of the amounts in the suite, worked by hand.
    feeMinor: (amountMinor) => KNOWN_FEES.get(amountMinor) ?? -1n,
    settle: (signed) => adapter.submit(signed),
    conclude: (signed) => adapter.inquire(signed),
    tamper: (evidence) => evidence.replace('USD', 'EUR'),
    impatient,
    proofKey: proofSigner.publicKey,
    networkKey: keys.card ?? '',
    dataDir,
    openingMinor: 1_000_000_000n,
    unreachable: () => adapterAt(UNUSED_PORT_URL),
    anAccount: (wish) => openAccount(parts, wish),
    closeAccount: async (ref) => void (await operator.call('POST', `tokens/${tokenOf(parts, ref)}/close`)),
    aMandate: (ref, wish) => acceptMandate(parts, ref, wish?.ceilingMinor ?? 1_000_000n),
    sign: (instruction) => signInstruction(instruction, aura),
    instruct: (kind, given) => instruct(parts, kind, given),
    misbehave: async (kind, on = 'transfer', rule = {}) => {
      const answer = await operator.call('POST', 'misbehaviours', { kind, on, nextCount: 1, ...rule });
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    },
    balanceMinor: async (ref) => {
      const path = ref === undefined ? 'settlement-account' : `tokens/${tokenOf(parts, ref)}`;
      return BigInt(((await operator.call('GET', path)).body as { balanceMinor: string }).balanceMinor);
    },
    bookingsOf: async (id) => {
      const { body } = await operator.call('GET', `transfers?reference=${id}`);
      return (body as { transfers: { bookings: unknown[] }[] }).transfers[0]?.bookings.length ?? 0;
    },
    evidenceHolds: ({ evidence }) => openEvidence(evidence, keys.card ?? '') !== undefined,
    async crashNetwork() {
      const { port } = parts.process;
      await parts.process.kill();
      parts.process = await start(port);
    },
    async stop() {
      await adapter.close();
      await impatient.close();
      await parts.process.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
    ...cardsAlone(parts),
  };
}

const KNOWN_FEES: ReadonlyMap<bigint, bigint> = new Map([
  [34_990n, 1_045n],
  [11n, 11n],
]);

/** What only tests of cards ask for. */
function cardsAlone(parts: Parts) {
  const { operator, directory, process } = parts;
  const ask: CardHarness['ask'] = (method, path, body, headers) =>
    askProcessor(parts, method, path, body, headers);
  const first = async <T>(path: string) => ((await ask('GET', path)).body as { data: T[] }).data[0];
  const captureOf = async ({ instruction }: SignedInstruction) => {
    const capture = await first<Capture>(`/captures?reference=${instruction.instruction_id}`);
    if (!capture) throw new Error('there is no capture');
    return capture;
  };
  return {
    directory,
    operator,
    processorUrl: () => `${process.url}/card`,
    info: () => process.info,
    aCard: (number: string) => vault(parts, number),
    ask,
    captureOf,
    authorizationOf: ({ instruction }: SignedInstruction) =>
      first<Authorization>(`/authorizations?reference=${instruction.instruction_id}`),
    async openChargeback(signed: SignedInstruction, wish: Record<string, unknown> = {}) {
      const { id: capture } = await captureOf(signed);
      const answer = await operator.call('POST', 'chargebacks', { capture, ...wish });
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
      return answer.body as Chargeback;
    },
    async decide(id: string, outcome: 'won' | 'lost') {
      const answer = await operator.call('POST', `chargebacks/${id}/decision`, { outcome });
      if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    },
  };
}

async function askProcessor(
  { process }: Parts,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Asked> {
  const answer = await request(`${process.url}/card${path}`, {
    method: method as 'GET',
    // A pooled connection may belong to a process that was killed meanwhile.
    reset: true,
    headers: {
      authorization: `Bearer ${process.info.apiKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.body.text();
  const json = String(answer.headers['content-type']).startsWith('application/json');
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text,
    body: json ? (JSON.parse(text) as unknown) : undefined,
  };
}

function tokenOf({ accounts }: Parts, ref: string): string {
  const account = accounts.get(ref);
  if (!account) throw new Error(`no account ${ref}`);
  return account.token;
}

async function vault(parts: Parts, number: string): Promise<string> {
  const card = { number, exp_month: 12, exp_year: 2099, cvc: '123' };
  const { status, body } = await askProcessor(parts, 'POST', '/tokens', card);
  if (status !== 201) throw new Error(`no token: ${JSON.stringify(body)}`);
  const ref = newId('paymentAccount');
  const account = { holderName: 'Alex Smith', token: (body as { id: string }).id, asset: 'USD' };
  parts.accounts.set(ref, account);
  parts.directory.addAccount(ref, account);
  return ref;
}

async function openAccount(
  parts: Parts,
  { balanceMinor = 10_000_000n, refusesMandates = false } = {},
): Promise<string> {
  const ref = await vault(parts, refusesMandates ? DECLINED : SUCCEEDS);
  const path = `tokens/${tokenOf(parts, ref)}/funds`;
  await parts.operator.call('PUT', path, { balanceMinor: balanceMinor.toString() });
  return ref;
}

async function acceptMandate(parts: Parts, accountRef: string, ceilingMinor: bigint): Promise<string> {
  const mandateId = newId('mandate');
  const answer = await parts.adapter.requestMandate({
    mandateId,
    accountRef,
    ceilingMinor: ceilingMinor.toString(),
    asset: 'USD',
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
  });
  if (answer.outcome !== 'accepted')
    throw new Error(`the mandate was not accepted: ${JSON.stringify(answer)}`);
  const account = parts.accounts.get(accountRef);
  if (account) parts.directory.addMandate(mandateId, { reference: answer.reference, account });
  return mandateId;
}

async function instruct(
  parts: Parts,
  kind: InstructionKind,
  given: Partial<Instruction> = {},
): Promise<SignedInstruction> {
  const incoming = isIncoming(kind);
  const settlement = { account_ref: 'aura' };
  const theirs = (incoming ? given.debtor : given.creditor) ?? (await counterparty(parts, incoming));
  const now = Date.now();
  const instruction: Instruction = {
    type: 'aura.settlement-instruction.v1',
    instruction_id: newId('instruction'),
    kind,
    rail: 'card',
    amount_minor: '34990',
    asset: 'USD',
    debtor: incoming ? theirs : settlement,
    creditor: incoming ? settlement : theirs,
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

async function counterparty(parts: Parts, incoming: boolean) {
  const account_ref = await openAccount(parts);
  if (!incoming) return { account_ref };
  return { account_ref, mandate_ref: await acceptMandate(parts, account_ref, 1_000_000n) };
}
