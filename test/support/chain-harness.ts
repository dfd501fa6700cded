/** The rails on the sandbox's chain, ready for the contract suite and for tests of the chain alone. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Hex, PrivateKeyAccount } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { newId } from '../../domain/ids';
import { createSigner, generateKeyPair, type Signer } from '../../domain/keys';
import { SANDBOX_USDC } from '../../domain/rail-terms';
import {
  isIncoming,
  signInstruction,
  type Instruction,
  type InstructionKind,
  type RailAnswer,
  type SignedInstruction,
} from '../../domain/settlement';
import { createRailAdapter } from '../../rails';
import { evidenceProblems, nonceOf, type ChainAdapterDeps } from '../../rails/chain';
import type { RailAdapter } from '../../rails/port';
import { spawnSandboxNetwork, type MisbehaviourKind } from '../../rails/sandbox';
import { createStablecoinAdapter } from '../../rails/stablecoin';
import {
  accountOf,
  ask,
  authorizationOf,
  call,
  cancel,
  payerActs,
  payerSigns,
  TOKEN,
  type Parts,
} from './chain-payers';
import { STABLECOIN } from './chain-rails';
import { createInMemoryDirectory, type InMemoryDirectory } from './party-directory';
import type { RailHarness } from './rail-harness';
import { createOperator, type Operator } from './sandbox-network';

/** Long enough for a busy machine. */
const TIMEOUT_MS = 20_000;
const IMPATIENT_TIMEOUT_MS = 700;
const UNUSED_PORT_URL = 'http://127.0.0.1:9';
const CONFIRMED_BLOCKS = 12;
const ACCOUNT_BALANCE_MINOR = 10_000_000n;
const MAX_INQUIRIES = 100;
const PAUSE_MS = 25;

export interface ChainHarness extends RailHarness {
  directory: InMemoryDirectory;
  operator: Operator;
  /** The facilitator's, on x402. */
  facilitatorOperator: Operator;
  proofSigner: Signer;
  auraAddress: Hex;
  rpcUrl(): string;
  mine(blocks: number): Promise<void>;
  reorganise(depth: number, keepTransactions?: boolean): Promise<void>;
  /** Another adapter of the same wallet, e.g. one that starts anew. */
  anotherAdapter(deps?: Partial<ChainAdapterDeps>): RailAdapter;
  /** One question to the node. */
  ask<T>(method: string, params: unknown[]): Promise<T>;
  keyOf(accountRef: string): PrivateKeyAccount;
}

export async function createChainHarness(under = STABLECOIN): Promise<ChainHarness> {
  const dataDir = await mkdtemp(join(tmpdir(), 'aura-chain-'));
  const start = (port?: number) =>
    spawnSandboxNetwork({
      family: 'chain',
      dataDir,
      port,
      slowAnswerMs: 300,
      settings: { blockMs: String(under.blockMs) },
    });
  let chain = await start();
  const facilitator = await under.start?.(chain);
  const directory = createInMemoryDirectory();
  const proofSigner = createSigner(generateKeyPair().privateKeyPem, newId('key'));
  const aura = createSigner(generateKeyPair().privateKeyPem, newId('key'));
  const operator = createOperator(() => `${chain.url}/operator`);
  const secret = under.walletKey(chain);
  const adapterWith = (given: Partial<ChainAdapterDeps> = {}) => {
    const deps: ChainAdapterDeps = {
      networkUrl: chain.url,
      signer: proofSigner,
      auraKey: aura.publicKey,
      secret,
      token: SANDBOX_USDC,
      facilitatorUrl: facilitator?.facilitatorUrl,
      directory,
      clock: () => new Date(),
      timeoutMs: TIMEOUT_MS,
      ...given,
    };
    return under.rail === 'stablecoin' ? createStablecoinAdapter(deps) : createRailAdapter(under.rail, deps);
  };
  const adapter = adapterWith();
  const impatient = adapterWith({ timeoutMs: IMPATIENT_TIMEOUT_MS });
  const parts: Parts = {
    under,
    operator,
    transferOperator: facilitator?.operator ?? operator,
    directory,
    accounts: new Map(),
    aura,
    auraAddress: privateKeyToAccount(secret).address,
    adapter,
    chain: () => chain,
    unwilling: new Set(),
    next: {},
    cancelling: new Set(),
  };
  const keyOf = (ref: string) => accountOf(parts, ref);
  return {
    rail: under.rail,
    asset: SANDBOX_USDC,
    adapter,
    impatient,
    directory,
    operator,
    facilitatorOperator: parts.transferOperator,
    proofSigner,
    auraAddress: parts.auraAddress,
    rpcUrl: () => chain.url,
    reasons: { insufficient: 'AM04', closed: 'AC06', limit: 'AM02', refused: 'AC06' },
    impossible: new Set(['bad_signature']),
    carriesPayouts: true,
    feeMinor: () => 0n,
    timeStepMs: 1_000,
    boundsReturns: false,
    linePattern: /^\d+$/,
    proofKey: proofSigner.publicKey,
    openingMinor: 10_000_000_000_000n,
    keyOf,
    settle: (signed) => settle(parts, signed),
    conclude: (signed) => conclude(parts, signed),
    tamper: (evidence) => evidence.replace('0x', '0X'),
    payerSigns: (request) => payerSigns(parts, request),
    unreachable: () => adapterWith({ networkUrl: UNUSED_PORT_URL, facilitatorUrl: UNUSED_PORT_URL }),
    anotherAdapter: adapterWith,
    anAccount: (options) => openAccount(parts, options),
    closeAccount: (ref) => call(operator, 'POST', 'blacklist', { address: keyOf(ref).address }),
    aMandate: (ref, options) => acceptMandate(parts, ref, options?.ceilingMinor ?? 1_000_000n),
    sign: (instruction) => signInstruction(instruction, aura),
    instruct: (kind, given) => instruct(parts, kind, given),
    misbehave: (kind, on = 'transfer') => misbehave(parts, kind, on),
    balanceMinor: (ref) => balanceMinor(parts, ref),
    bookingsOf: (id) => bookingsOf(parts, id),
    evidenceHolds: (proof) => evidenceProblems(proof, SANDBOX_USDC).length === 0,
    mine: (blocks) => call(operator, 'POST', 'mine', { blocks }),
    reorganise: (depth, keepTransactions = false) =>
      call(operator, 'POST', 'reorg', { depth, keepTransactions }),
    ask: (method, params) => ask(chain.url, method, params),
    async crashNetwork() {
      const { port } = chain;
      await chain.kill();
      chain = await start(port);
    },
    async stop() {
      await adapter.close();
      await impatient.close();
      await facilitator?.stop();
      await chain.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function openAccount(
  parts: Parts,
  { balanceMinor: opening = ACCOUNT_BALANCE_MINOR, refusesMandates = false } = {},
): Promise<string> {
  const ref = newId('paymentAccount');
  const account = privateKeyToAccount(generatePrivateKey());
  await call(parts.operator, 'POST', 'fund', {
    address: account.address,
    amountMinor: opening.toString(),
    gas: 1,
  });
  parts.accounts.set(ref, account);
  parts.directory.addAccount(ref, { holderName: 'Ada Byron', address: account.address, asset: SANDBOX_USDC });
  if (refusesMandates) parts.unwilling.add(ref);
  return ref;
}

async function acceptMandate(parts: Parts, accountRef: string, ceilingMinor: bigint): Promise<string> {
  const request = {
    mandateId: newId('mandate'),
    accountRef,
    ceilingMinor: ceilingMinor.toString(),
    asset: SANDBOX_USDC,
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
  };
  await payerSigns(parts, request);
  const answer = await parts.adapter.requestMandate(request);
  if (answer.outcome !== 'accepted')
    throw new Error(`the mandate was not accepted: ${JSON.stringify(answer)}`);
  const account = await parts.directory.account(accountRef);
  parts.directory.addMandate(request.mandateId, { reference: answer.reference, account });
  return request.mandateId;
}

async function instruct(
  parts: Parts,
  kind: InstructionKind,
  given: Partial<Instruction> = {},
): Promise<SignedInstruction> {
  const incoming = isIncoming(kind);
  const amountMinor = given.amount_minor ?? '34990';
  const theirs = (incoming ? given.debtor : given.creditor) ?? (await counterparty(parts, kind, amountMinor));
  const settlement = { account_ref: 'aura' };
  const now = Date.now();
  const instruction: Instruction = {
    type: 'aura.settlement-instruction.v1',
    instruction_id: newId('instruction'),
    kind,
    rail: parts.under.rail,
    amount_minor: amountMinor,
    asset: SANDBOX_USDC,
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
  await payerActs(parts, signed);
  return signed;
}

async function counterparty(parts: Parts, kind: InstructionKind, amountMinor: string) {
  const account_ref = await openAccount(parts);
  if (!isIncoming(kind)) return { account_ref };
  return { account_ref, mandate_ref: await acceptMandate(parts, account_ref, BigInt(amountMinor)) };
}

async function settle(parts: Parts, signed: SignedInstruction): Promise<RailAnswer> {
  const answer = await parts.adapter.submit(signed);
  return answer.outcome === 'pending' ? conclude(parts, signed) : answer;
}

async function conclude(parts: Parts, signed: SignedInstruction): Promise<RailAnswer> {
  if (parts.cancelling.delete(signed.instruction.instruction_id)) await cancel(parts, signed);
  for (let asked = 0; asked < MAX_INQUIRIES; asked += 1) {
    await call(parts.operator, 'POST', 'mine', { blocks: CONFIRMED_BLOCKS });
    const answer = await parts.adapter.inquire(signed);
    if (answer.outcome !== 'pending') return answer;
    await setTimeout(PAUSE_MS);
  }
  throw new Error('it stays pending');
}

async function misbehave(parts: Parts, kind: MisbehaviourKind, on: string): Promise<void> {
  switch (kind) {
    case 'reject_FRAD':
      parts.next = { payer: 'blacklisted' };
      return;
    case 'pending_then_rejected':
      parts.next = { payer: 'cancels' };
      return misbehave(parts, 'pending', on);
    case 'wrong_amount':
      parts.next = { payer: 'pays another amount' };
      return;
    case 'pending':
      // Where blocks are made on demand every transaction waits for one.
      if (parts.under.blockMs > 0)
        await call(parts.transferOperator, 'POST', 'misbehaviours', { kind, nextCount: 1 });
      return;
    default: {
      const operator = on === 'transfer' ? parts.transferOperator : parts.operator;
      await call(operator, 'POST', 'misbehaviours', {
        kind,
        on: on === 'transfer' ? undefined : on,
        nextCount: 1,
      });
    }
  }
}

async function balanceMinor(parts: Parts, ref?: string): Promise<bigint> {
  const address = ref === undefined ? parts.auraAddress : accountOf(parts, ref).address;
  const { body } = await parts.operator.call('GET', `balances/${address}`);
  return BigInt((body as { balanceMinor: string }).balanceMinor);
}

const USED = '0x98de503528ee59b575ef0c0a2576a82497bfc029a5685b209e9ec333479b10a5';

async function bookingsOf(parts: Parts, instructionId: string): Promise<number> {
  const signed = await parts.directory.instruction(instructionId);
  if (!signed) return 0;
  const incoming = isIncoming(signed.instruction.kind);
  const nonce = incoming ? (await authorizationOf(parts, signed)).nonce : nonceOf(instructionId);
  const logs = await ask<unknown[]>(parts.chain().url, 'eth_getLogs', [
    { address: TOKEN.address, fromBlock: '0x0', toBlock: 'latest', topics: [USED, null, nonce] },
  ]);
  return logs.length;
}
