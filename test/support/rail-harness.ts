/** An instant rail with its sandbox network, ready for the contract suite. */
import { newId } from '../../domain/ids';
import { createSigner, generateKeyPair, type Signer } from '../../domain/keys';
import {
  signInstruction,
  type Instruction,
  isIncoming,
  type InstructionKind,
  type RailAnswer,
  type RailName,
  type SettlementProof,
  type SignedInstruction,
} from '../../domain/settlement';
import { createRailAdapter } from '../../rails';
import { openEvidence, type InstantRail } from '../../rails/instant';
import type { BankAccount, MandateRequest, RailAdapter } from '../../rails/port';
import type { MisbehaviourKind } from '../../rails/sandbox';
import { createInMemoryDirectory, type InMemoryDirectory } from './party-directory';
import { startSandboxForTest, type Operator, type SandboxUnderTest } from './sandbox-network';

/** What the contract suite needs of a rail; each rail's test provides one. */
export interface RailHarness {
  rail: RailName;
  asset: string;
  adapter: RailAdapter;
  /** The rail's own codes for refusals that every rail has. `refused` is what `reject_FRAD` comes to. */
  reasons: { insufficient: string; closed: string; limit: string; refused: string };
  /** Misbehaviours that cannot be on this rail, e.g. a wrong signature where nothing is signed. */
  impossible: ReadonlySet<MisbehaviourKind>;
  /** Whether AURA can pay anybody over this rail who has not paid over it before. */
  carriesPayouts: boolean;
  /** What the rail keeps of an incoming amount, minor units. */
  feeMinor(amountMinor: bigint): bigint;
  /** How finely the rail tells times, 1 ms where nothing is said. */
  timeStepMs?: number;
  /** False where the rail itself does not add up what went back of a transfer. */
  boundsReturns?: boolean;
  /** Where nobody learns of a payer's balance when it gives a mandate. */
  mandatesIgnoreFunds?: true;
  /** What a proof's `line` looks like, `0` where nothing is said. */
  linePattern?: RegExp;
  /** The payer signs what the rail needs with a request for a mandate, where it needs something. */
  payerSigns?(request: MandateRequest): Promise<void>;
  /** Submits and, where the rail takes its time, moves that on until there is an answer that stays. */
  settle(signed: SignedInstruction): Promise<RailAnswer>;
  /** Inquires, and moves the rail's time on, until there is an answer that stays. */
  conclude(signed: SignedInstruction): Promise<RailAnswer>;
  /** The evidence with another content. */
  tamper(evidence: string): string;
  /** The same rail, soon out of patience: for networks that never answer. */
  impatient: RailAdapter;
  /** The key that the adapter's proofs are signed with. */
  proofKey: string;
  openingMinor: bigint;
  /** The same rail at an address where nothing listens. */
  unreachable(): RailAdapter;
  /** Opens an account with funds at the network and makes it known to the directory. */
  anAccount(options?: { balanceMinor?: bigint; refusesMandates?: boolean }): Promise<string>;
  closeAccount(accountRef: string): Promise<void>;
  /** An accepted mandate of an account. */
  aMandate(accountRef: string, options?: { ceilingMinor?: bigint }): Promise<string>;
  sign(instruction: Instruction): SignedInstruction;
  /** A mandate's pay-in of an account with funds, unless given otherwise. */
  instruct(kind: InstructionKind, given?: Partial<Instruction>): Promise<SignedInstruction>;
  misbehave(
    kind: MisbehaviourKind,
    on?: 'transfer' | 'inquiry' | 'return_request' | 'mandate',
  ): Promise<void>;
  /** Balance of an account, or of AURA's settlement account. */
  balanceMinor(accountRef?: string): Promise<bigint>;
  /** How often the network booked an instruction. */
  bookingsOf(instructionId: string): Promise<number>;
  evidenceHolds(proof: SettlementProof): boolean;
  /** Kills the network and starts it again on its data. */
  crashNetwork(): Promise<void>;
  stop(): Promise<void>;
}

/** Long enough for a busy machine. */
const TIMEOUT_MS = 20_000;
const IMPATIENT_TIMEOUT_MS = 700;
const UNUSED_PORT_URL = 'http://127.0.0.1:9';

interface Parts {
  rail: RailName;
  sandbox: SandboxUnderTest;
  operator: Operator;
  directory: InMemoryDirectory;
  accounts: Map<string, BankAccount>;
  aura: Signer;
  adapter: RailAdapter;
}

export async function createInstantHarness(rail: InstantRail): Promise<RailHarness> {
  const sandbox = await startSandboxForTest({ slowAnswerMs: 300 });
  const directory = createInMemoryDirectory();
  const proofSigner = createSigner(generateKeyPair().privateKeyPem, newId('key'));
  const aura = createSigner(generateKeyPair().privateKeyPem, newId('key'));
  const operator = sandbox.operator(rail);
  await operator.register(proofSigner.keyId, proofSigner.publicKey);
  const adapterAt = (networkUrl: string, timeoutMs = TIMEOUT_MS) =>
    createRailAdapter(rail, {
      networkUrl,
      signer: proofSigner,
      networkKey: sandbox.keys()[rail],
      auraKey: aura.publicKey,
      directory,
      clock: () => new Date(),
      timeoutMs,
    });
  const adapter = adapterAt(`${sandbox.url()}/${rail}`);
  const impatient = adapterAt(`${sandbox.url()}/${rail}`, IMPATIENT_TIMEOUT_MS);
  const parts: Parts = { rail, sandbox, operator, directory, accounts: new Map(), aura, adapter };
  return {
    rail,
    asset: 'USD',
    adapter,
    reasons: { insufficient: 'AM04', closed: 'AC04', limit: 'AM02', refused: 'FRAD' },
    impossible: new Set(),
    carriesPayouts: true,
    feeMinor: () => 0n,
    settle: (signed) => adapter.submit(signed),
    conclude: (signed) => adapter.inquire(signed),
    tamper: (evidence) => evidence.replace('USD', 'EUR'),
    impatient,
    proofKey: proofSigner.publicKey,
    openingMinor: 1_000_000_000n,
    unreachable: () => adapterAt(`${UNUSED_PORT_URL}/${rail}`),
    anAccount: (options) => openAccount(parts, options),
    closeAccount: (ref) => operator.close(accountOf(parts, ref)),
    aMandate: (ref, options) => acceptMandate(parts, ref, options?.ceilingMinor ?? 1_000_000n),
    sign: (instruction) => signInstruction(instruction, aura),
    instruct: (kind, given) => instruct(parts, kind, given),
    misbehave: (kind, on = 'transfer') => operator.misbehave(kind, { on }),
    balanceMinor: (ref) => operator.balanceMinor(ref === undefined ? undefined : accountOf(parts, ref)),
    bookingsOf: async (id) => (await operator.transfers()).find((one) => one.id === id)?.bookings.length ?? 0,
    evidenceHolds: ({ evidence }) => openEvidence(evidence, sandbox.keys()[rail] ?? '') !== undefined,
    crashNetwork: () => sandbox.crashAndRestart(),
    async stop() {
      await adapter.close();
      await impatient.close();
      await sandbox.stop();
    },
  };
}

function accountOf({ accounts }: Parts, ref: string): BankAccount {
  const account = accounts.get(ref);
  if (!account) throw new Error(`no account ${ref}`);
  return account;
}

async function openAccount(
  { operator, accounts, directory }: Parts,
  { balanceMinor = 10_000_000n, refusesMandates = false } = {},
): Promise<string> {
  const ref = newId('paymentAccount');
  const account = {
    holderName: 'Smith & Sons <Ltd>',
    routingNumber: '990000200',
    accountNumber: ref.slice(-16),
    asset: 'USD',
  };
  await operator.open(account, balanceMinor, refusesMandates);
  accounts.set(ref, account);
  directory.addAccount(ref, account);
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
  const account = accountOf(parts, accountRef);
  parts.directory.addMandate(mandateId, { reference: answer.reference, account });
  return mandateId;
}

async function instruct(
  parts: Parts,
  kind: InstructionKind,
  given: Partial<Instruction> = {},
): Promise<SignedInstruction> {
  const incoming = isIncoming(kind);
  const settlement = { account_ref: 'aura' };
  const needed = incoming ? given.debtor : given.creditor;
  const theirs = needed ?? (await counterparty(parts, incoming));
  const now = Date.now();
  const instruction: Instruction = {
    type: 'aura.settlement-instruction.v1',
    instruction_id: newId('instruction'),
    kind,
    rail: parts.rail,
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
