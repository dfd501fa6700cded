/** Carries authorizations onto the chain by transactions of AURA's wallet. */
import { numberToHex, type Hex } from 'viem';
import {
  CONFIRMATIONS,
  createSender,
  isLost,
  revertOf,
  RpcError,
  transferCall,
  type Carried,
  type Carrier,
  type ChainContext,
  type Order,
  type Underway,
} from '../chain';
import { RailUnreachableError } from '../port';
import type { Defect } from '../chain/defect';

const STUCK_AFTER_MS = 30_000;

export function createWalletCarrier(context: ChainContext): Carrier {
  const { deps, reader, wallet, token } = context;
  const sender = createSender({
    rpc: reader.rpc,
    account: wallet,
    chainId: token.chainId,
    clock: deps.clock,
    stuckAfterMs: deps.stuckAfterMs ?? STUCK_AFTER_MS,
  });
  return {
    async carry(order, signal): Promise<Carried> {
      const id = order.instruction.instruction_id;
      const earlier = await quietly(() => sender.state(id, signal));
      if (earlier.state === 'waiting') return { kind: 'sent', detail: 'waiting to be mined' };
      const data = transferCall(order.authorization);
      const estimate = await quietly(() => estimateGas(context, data, signal));
      if (typeof estimate !== 'bigint') return refusal(estimate);
      const sent = await quietly(() =>
        sender.send(
          {
            id,
            to: token.address,
            data,
            // Room for storage that changes between the estimate and the block.
            gas: (estimate * 3n) / 2n,
            expiresAtMs: Date.parse(order.instruction.expires_at),
          },
          signal,
        ),
      );
      return sent.kind === 'sent' ? { kind: 'sent', detail: `sent as ${sent.hash}` } : sent;
    },
    async underway(order, signal): Promise<Underway> {
      const id = order.instruction.instruction_id;
      const known = await sender.state(id, signal);
      if (known.state === 'waiting') {
        await sender.tend(signal);
        return { kind: 'underway', detail: 'waiting to be mined' };
      }
      if (known.state === 'mined') {
        const head = await reader.head(signal);
        const confirmations = head.number - Number(known.receipt.blockNumber) + 1;
        if (confirmations < CONFIRMATIONS) return { kind: 'underway', detail: 'mined, to be confirmed' };
        // Its account nonce is used up and no other transaction was made for it.
        return { kind: 'refused', defect: await whyReverted(context, order, signal) };
      }
      const data = transferCall(order.authorization);
      const waiting = await reader.isWaiting(wallet.address, data, signal);
      return waiting ? { kind: 'underway', detail: 'waiting to be mined' } : { kind: 'not underway' };
    },
    forget: (id) => sender.forget(id),
    close: async () => undefined,
  };
}

/** Used by a transaction that is on its way: whose it is, an inquiry tells. */
function refusal(defect: Defect): Carried {
  if (defect.reason === 'AUTHORIZATION_USED')
    return { kind: 'unknown', detail: 'the authorization is being used' };
  return { kind: 'refused', defect };
}

/** The gas that a transfer takes, or why the token would refuse it. */
async function estimateGas(
  { reader, wallet, token }: ChainContext,
  data: Hex,
  signal?: AbortSignal,
): Promise<bigint | Defect> {
  const call = { from: wallet.address, to: token.address, data, value: numberToHex(0) };
  try {
    return BigInt(await reader.rpc.call<Hex>('eth_estimateGas', [call, 'latest'], signal));
  } catch (error) {
    const defect = error instanceof RpcError ? revertOf(error) : undefined;
    if (defect) return defect;
    throw error;
  }
}

async function whyReverted(context: ChainContext, order: Order, signal?: AbortSignal): Promise<Defect> {
  const again = await estimateGas(context, transferCall(order.authorization), signal);
  return typeof again === 'bigint' ? { reason: 'REVERTED', detail: 'the token refused the transfer' } : again;
}

/** The sender tells by a value what may have left; what it throws failed before. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isLost(error)) throw new RailUnreachableError(`nothing was sent: ${error.message}`, { cause: error });
    throw error;
  }
}
