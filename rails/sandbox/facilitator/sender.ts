/**
 * Sends the facilitator's transactions. One is signed and written down before it is sent, so that after a crash it is the
 * same transaction that is sent again, never a second one.
 */
import { keccak256, TransactionReceiptNotFoundError, type Hex, type PublicClient } from 'viem';
import type { PrivateKeyAccount } from 'viem/accounts';
import type { KnownTransaction } from './books';
import type { ChainOptions } from './chain';

/** When a signed transaction goes out: at once, later, or never. */
export type Broadcast = 'now' | 'later' | 'never';

export interface TransferOrder {
  key: string;
  authorizer: string;
  authorizationNonce: string;
  data: Hex;
  broadcast: Broadcast;
  /** Send the same call a second time, under another account nonce. */
  twice: boolean;
}

export interface SenderDeps extends ChainOptions {
  client: PublicClient;
  account: PrivateKeyAccount;
  chainId: number;
}

export interface Sender {
  transfer(order: TransferOrder): Promise<Hex>;
  /** Sends a transaction again that the chain does not know. */
  sendIfGone(transaction: KnownTransaction): Promise<void>;
  /** Sends again what was written down and may not have been sent. */
  resume(): Promise<void>;
  close(): void;
}

/** The account nonce to give out next, where the chain has not seen the last one yet; and what was sent under which. */
interface Nonces {
  next: number;
  sent: Map<number, Hex>;
}

const GAS = 250_000n;
const RESENT_AT_ONCE = 50;
/** So many mined ones may yet be lost with their blocks. */
const REMEMBERED = 200;
const RESEND_EVERY_MS = 2_000;

export function createSender(deps: SenderDeps): Sender {
  const timers = new Set<NodeJS.Timeout>();
  const nonces: Nonces = { next: 0, sent: new Map() };
  let queue: Promise<unknown> = Promise.resolve();
  /** Account nonces are given out one at a time. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work);
    queue = result.catch(() => undefined);
    return result;
  };
  // A node that is away for a moment is asked again at the next turn.
  const resending = setInterval(
    () => void inTurn(() => closeGaps(deps, nonces)).catch(() => undefined),
    RESEND_EVERY_MS,
  );
  const sendLater = (raw: Hex, accountNonce: number) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      nonces.sent.set(accountNonce, raw);
      void send(deps, raw);
    }, deps.pendingMs);
    timers.add(timer);
  };
  return {
    transfer: (order) =>
      inTurn(async () => {
        await closeGaps(deps, nonces).catch(() => undefined);
        const { raw, hash, accountNonce, fresh } = await prepare(deps, nonces, order);
        if (!fresh || order.broadcast === 'never') return hash;
        if (order.broadcast === 'later') {
          sendLater(raw, accountNonce);
          return hash;
        }
        await send(deps, raw);
        if (order.twice) {
          const again = await sign(deps, nonces, order.data);
          nonces.next = again.accountNonce + 1;
          nonces.sent.set(again.accountNonce, again.raw);
          await send(deps, again.raw);
        }
        return hash;
      }),
    async sendIfGone({ hash, raw }) {
      if (!(await receiptOf(deps.client, hash))) await send(deps, raw);
    },
    async resume() {
      const open = deps.books.open().sort((a, b) => a.accountNonce - b.accountNonce);
      for (const transaction of open) await resumeOne(deps, nonces, transaction);
      await deps.flushed();
    },
    close() {
      clearInterval(resending);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

async function prepare(
  deps: SenderDeps,
  nonces: Nonces,
  order: TransferOrder,
): Promise<{ raw: Hex; hash: Hex; accountNonce: number; fresh: boolean }> {
  const known = deps.books.ofPayment(order.key);
  if (known) return { ...known, fresh: false };
  const { raw, hash, accountNonce } = await sign(deps, nonces, order.data);
  const never = order.broadcast === 'never';
  deps.record({
    type: 'prepared',
    at: deps.clock().toISOString(),
    never,
    key: order.key,
    hash,
    raw,
    accountNonce,
    authorizer: order.authorizer,
    authorizationNonce: order.authorizationNonce,
  });
  await deps.flushed();
  // What is never sent leaves its account nonce to the next one.
  if (!never) nonces.next = accountNonce + 1;
  if (order.broadcast === 'now') nonces.sent.set(accountNonce, raw);
  return { raw, hash, accountNonce, fresh: true };
}

/**
 * What was lost on its way to the chain, or with a block that was replaced, leaves a gap that nothing after it gets past:
 * it goes out again first.
 */
async function closeGaps(deps: SenderDeps, { sent }: Nonces): Promise<void> {
  if (sent.size === 0) return;
  const mined = await deps.client.getTransactionCount({ address: deps.account.address });
  for (const accountNonce of sent.keys()) if (accountNonce < mined - REMEMBERED) sent.delete(accountNonce);
  const missing = [...sent].filter(([accountNonce]) => accountNonce >= mined).sort(([a], [b]) => a - b);
  for (const [, raw] of missing.slice(0, RESENT_AT_ONCE)) await send(deps, raw);
}

async function sign({ client, account, chainId, token }: SenderDeps, nonces: Nonces, data: Hex) {
  const [pending, fees] = await Promise.all([
    client.getTransactionCount({ address: account.address, blockTag: 'pending' }),
    client.estimateFeesPerGas(),
  ]);
  const accountNonce = Math.max(pending, nonces.next);
  const raw = await account.signTransaction({
    type: 'eip1559',
    chainId,
    nonce: accountNonce,
    to: token,
    data,
    gas: GAS,
    ...fees,
  });
  return { raw, hash: keccak256(raw), accountNonce };
}

/** A send that fails may still have arrived: then the receipt tells, and a restart sends it again. */
function send({ client }: SenderDeps, raw: Hex): Promise<Hex | undefined> {
  return client.sendRawTransaction({ serializedTransaction: raw }).catch(() => undefined);
}

export function receiptOf(client: PublicClient, hash: Hex) {
  return client.getTransactionReceipt({ hash }).catch((error: unknown) => {
    if (error instanceof TransactionReceiptNotFoundError) return undefined;
    throw error;
  });
}

async function resumeOne(
  deps: SenderDeps,
  nonces: Nonces,
  { hash, raw, accountNonce }: KnownTransaction,
): Promise<void> {
  const { client, account } = deps;
  const ended = (state: 'succeeded' | 'reverted' | 'dropped') =>
    deps.record({ type: 'ended', at: deps.clock().toISOString(), hash, state });
  const receipt = await receiptOf(client, hash);
  if (receipt) return ended(receipt.status === 'success' ? 'succeeded' : 'reverted');
  const mined = await client.getTransactionCount({ address: account.address });
  // The nonce went to another transaction, or the chain is not the one it was meant for: it never executes.
  if (accountNonce < mined || accountNonce > Math.max(mined, nonces.next)) return ended('dropped');
  nonces.next = Math.max(nonces.next, accountNonce + 1);
  await send(deps, raw);
}
