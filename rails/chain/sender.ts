/**
 * Sends transactions of one wallet. Account nonces are given out one at a time, so one process per wallet. A transaction
 * that is not mined in time is replaced by another with the same account nonce and a higher fee: only one of them can
 * ever be mined, and what they carry, an EIP-3009 authorization, executes at most once anyway.
 */
import { keccak256, numberToHex, type Address, type Hex, type PrivateKeyAccount } from 'viem';
import { AnswerLostError } from './http';
import { createLock } from './lock';
import type { RawReceipt } from './reader';
import { RpcError, type Rpc } from './rpc';

export interface SendOrder {
  /** What it is for; sent once. */
  id: string;
  to: Address;
  data: Hex;
  gas: bigint;
  /** From then on a transaction that is not mined is replaced by one that does nothing. */
  expiresAtMs: number;
}

export type SendAnswer =
  | { kind: 'sent'; hash: Hex }
  /** The node said no, or its answer was lost. */
  | { kind: 'unknown'; detail: string };

export interface SenderDeps {
  rpc: Rpc;
  account: PrivateKeyAccount;
  chainId: number;
  clock: () => Date;
  /** A transaction that has waited so long is replaced. */
  stuckAfterMs: number;
}

interface Sent extends SendOrder {
  accountNonce: number;
  hashes: Hex[];
  maxFeeWei: bigint;
  tipWei: bigint;
  sentAtMs: number;
  /** Whether the node said that it has it. */
  accepted: boolean;
}

export type SentState =
  | { state: 'unsent' }
  | { state: 'waiting' }
  | { state: 'mined'; receipt: RawReceipt }
  /** Another transaction took its place for good. */
  | { state: 'displaced' };

export interface Sender {
  /** Throws `RailUnreachableError` when nothing was sent. */
  send(order: SendOrder, signal?: AbortSignal): Promise<SendAnswer>;
  state(id: string, signal?: AbortSignal): Promise<SentState>;
  /** Replaces what is stuck. */
  tend(signal?: AbortSignal): Promise<void>;
  forget(id: string): void;
}

interface Fees {
  maxFeeWei: bigint;
  tipWei: bigint;
}

const MAX_RECORDS = 5_000;
const MAX_NONCE_ATTEMPTS = 16;
const MAX_REPLACEMENTS = 10;
const CANCEL_GAS = 21_000n;
const GWEI = 1_000_000_000n;
/** Nodes ask for a tenth more; a quarter gets ahead of the rest too. */
const bumped = (wei: bigint) => (wei * 5n) / 4n + 1n;

export function createSender(deps: SenderDeps): Sender {
  const records = new Map<string, Sent>();
  const lock = createLock();
  return {
    send: (order, signal) => lock(() => sendNew(deps, records, order, signal)),
    state: (id, signal) => stateOf(deps, records.get(id), signal),
    tend: (signal) => lock(() => tend(deps, records, signal)),
    forget: (id) => void records.delete(id),
  };
}

async function sendNew(
  deps: SenderDeps,
  records: Map<string, Sent>,
  order: SendOrder,
  signal?: AbortSignal,
): Promise<SendAnswer> {
  const known = records.get(order.id);
  if (known?.accepted && known.hashes[0]) return { kind: 'sent', hash: known.hashes[0] };
  const fees = await currentFees(deps, signal);
  const pending = await transactionCount(deps, 'pending', signal);
  const taken = new Set([...records.values()].filter((one) => one.accepted).map((one) => one.accountNonce));
  let accountNonce = pending;
  for (let attempt = 0; attempt < MAX_NONCE_ATTEMPTS; attempt += 1) {
    while (taken.has(accountNonce)) accountNonce += 1;
    const sent: Sent = { ...order, ...fees, accountNonce, hashes: [], sentAtMs: now(deps), accepted: false };
    const answer = await transmit(deps, records, sent, signal);
    if (answer !== 'nonce taken') return answer;
    accountNonce += 1;
  }
  return { kind: 'unknown', detail: 'the node accepts no account nonce' };
}

async function transmit(
  deps: SenderDeps,
  records: Map<string, Sent>,
  sent: Sent,
  signal?: AbortSignal,
): Promise<SendAnswer | 'nonce taken'> {
  const raw = await sign(deps, sent);
  const hash = keccak256(raw);
  try {
    await deps.rpc.call<Hex>('eth_sendRawTransaction', [raw], signal);
    remember(records, { ...sent, hashes: [...sent.hashes, hash], accepted: true });
    return { kind: 'sent', hash };
  } catch (error) {
    if (error instanceof AnswerLostError) {
      remember(records, { ...sent, hashes: [...sent.hashes, hash] });
      return { kind: 'unknown', detail: error.message };
    }
    if (!(error instanceof RpcError)) throw error;
    if (/already (known|imported)/i.test(error.message)) {
      remember(records, { ...sent, hashes: [...sent.hashes, hash], accepted: true });
      return { kind: 'sent', hash };
    }
    if (/nonce too low|underpriced/i.test(error.message)) return 'nonce taken';
    return { kind: 'unknown', detail: `the node does not take the transaction: ${error.message}` };
  }
}

function remember(records: Map<string, Sent>, sent: Sent): void {
  records.delete(sent.id);
  records.set(sent.id, sent);
  const [oldest] = records.keys();
  if (records.size > MAX_RECORDS && oldest !== undefined) records.delete(oldest);
}

async function stateOf(deps: SenderDeps, sent: Sent | undefined, signal?: AbortSignal): Promise<SentState> {
  if (!sent) return { state: 'unsent' };
  for (const hash of sent.hashes) {
    const receipt = await deps.rpc.call<RawReceipt | null>('eth_getTransactionReceipt', [hash], signal);
    if (receipt) return { state: 'mined', receipt };
  }
  const mined = await transactionCount(deps, 'latest', signal);
  if (mined > sent.accountNonce) return { state: 'displaced' };
  // What the node never said to have may never have arrived.
  return sent.accepted ? { state: 'waiting' } : { state: 'unsent' };
}

async function tend(deps: SenderDeps, records: Map<string, Sent>, signal?: AbortSignal): Promise<void> {
  const mined = await transactionCount(deps, 'latest', signal);
  const waiting = [...records.values()]
    .filter((one) => one.accepted && one.accountNonce >= mined)
    .sort((a, b) => a.accountNonce - b.accountNonce);
  const oldest = waiting[0];
  if (!oldest || now(deps) - oldest.sentAtMs < deps.stuckAfterMs) return;
  // Account nonces that nobody here remembers hold up all that come after them.
  for (let gap = mined; gap < oldest.accountNonce && gap < mined + MAX_NONCE_ATTEMPTS; gap += 1) {
    const fees = await currentFees(deps, signal);
    const filler = {
      ...oldest,
      id: `gap-${gap}`,
      hashes: [],
      ...fees,
      accountNonce: gap,
      sentAtMs: now(deps),
    };
    await transmit(deps, records, { ...filler, ...nothing(deps) }, signal);
  }
  for (const one of waiting) {
    if (now(deps) - one.sentAtMs < deps.stuckAfterMs || one.hashes.length >= MAX_REPLACEMENTS) continue;
    const current = await currentFees(deps, signal);
    const replacement: Sent = {
      ...one,
      ...(one.expiresAtMs <= now(deps) ? nothing(deps) : {}),
      maxFeeWei: larger(bumped(one.maxFeeWei), current.maxFeeWei),
      tipWei: larger(bumped(one.tipWei), current.tipWei),
      sentAtMs: now(deps),
    };
    await transmit(deps, records, replacement, signal);
  }
}

/** A transaction to oneself, which only uses up the account nonce. */
function nothing({ account }: SenderDeps): Pick<SendOrder, 'to' | 'data' | 'gas'> {
  return { to: account.address, data: '0x', gas: CANCEL_GAS };
}

function sign({ account, chainId }: SenderDeps, sent: Sent): Promise<Hex> {
  return account.signTransaction({
    type: 'eip1559',
    chainId,
    nonce: sent.accountNonce,
    to: sent.to,
    data: sent.data,
    gas: sent.gas,
    value: 0n,
    maxFeePerGas: sent.maxFeeWei,
    maxPriorityFeePerGas: sent.tipWei,
  });
}

async function currentFees({ rpc }: SenderDeps, signal?: AbortSignal): Promise<Fees> {
  const block = await rpc.call<{ baseFeePerGas?: Hex }>('eth_getBlockByNumber', ['latest', false], signal);
  const baseFeeWei = BigInt(block.baseFeePerGas ?? numberToHex(GWEI));
  // Twice the base fee outlasts six full blocks (EIP-1559: an eighth more each).
  return { maxFeeWei: 2n * baseFeeWei + GWEI, tipWei: GWEI };
}

async function transactionCount(
  { rpc, account }: SenderDeps,
  at: 'latest' | 'pending',
  signal?: AbortSignal,
) {
  return Number(await rpc.call<Hex>('eth_getTransactionCount', [account.address, at], signal));
}

function now({ clock }: SenderDeps): number {
  return clock().getTime();
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
