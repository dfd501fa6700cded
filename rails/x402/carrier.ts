/** Carries authorizations onto the chain through an x402 facilitator. What it says is a hint; the chain is asked itself. */
import { isHash, type Hex } from 'viem';
import type { z } from 'zod';
import {
  AnswerLostError,
  createJsonClient,
  isLost,
  revertOf,
  RpcError,
  transferCall,
  type Carried,
  type Carrier,
  type ChainContext,
  type JsonClient,
  type Order,
  type Underway,
} from '../chain';
import type { Defect } from '../chain/defect';
import { RailUnreachableError } from '../port';
import { refusalOf, SETTLEMENT_PENDING } from './reasons';
import { paymentQuestion, settleAnswer, verifyAnswer } from './wire';

const MAX_REMEMBERED = 5_000;

export function createFacilitatorCarrier(context: ChainContext, facilitatorUrl: string): Carrier {
  const { deps } = context;
  const client = createJsonClient({ url: facilitatorUrl, timeoutMs: deps.timeoutMs });
  /** Payments that a facilitator has taken, and the transaction that it named. */
  const taken = new Map<string, Hex | undefined>();
  return {
    async carry(order, signal): Promise<Carried> {
      if (taken.has(order.instruction.instruction_id))
        return { kind: 'sent', detail: 'the facilitator has it' };
      const defect =
        (await simulate(context, order, signal)) ?? (await verify(context, client, order, signal));
      if (defect?.reason === 'AUTHORIZATION_USED')
        return { kind: 'unknown', detail: 'the authorization is being used' };
      if (defect) return { kind: 'refused', defect };
      return settle(context, client, taken, { order, signal });
    },
    underway: (order, signal) => underway(context, taken, order, signal),
    forget: (id) => void taken.delete(id),
    close: () => client.close(),
  };
}

/** What the token would say, so that nothing signed leaves for a transfer that cannot be. */
async function simulate(
  { reader, wallet, token }: ChainContext,
  { authorization }: Order,
  signal?: AbortSignal,
): Promise<Defect | undefined> {
  const call = { from: wallet.address, to: token.address, data: transferCall(authorization) };
  try {
    await reader.rpc.call('eth_call', [call, 'latest'], signal);
    return undefined;
  } catch (error) {
    const defect = error instanceof RpcError ? revertOf(error) : undefined;
    if (defect) return defect;
    if (isLost(error)) throw new RailUnreachableError(`nothing was sent: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Verifying settles nothing, so whatever fails here may be tried again. */
async function verify(
  { token }: ChainContext,
  client: JsonClient,
  order: Order,
  signal?: AbortSignal,
): Promise<Defect | undefined> {
  const answer = await ask(
    client,
    '/verify',
    { body: paymentQuestion(token, order), signal },
    verifyAnswer,
  ).catch((error: unknown) => {
    if (!(error instanceof AnswerLostError)) throw error;
    throw new RailUnreachableError(`nothing was settled: ${error.message}`, { cause: error });
  });
  if (answer.isValid) return undefined;
  const reason = answer.invalidReason ?? 'no reason';
  if (reason === 'invalid_exact_evm_nonce_already_used')
    return { reason: 'AUTHORIZATION_USED', detail: reason };
  const defect = refusalOf(reason);
  if (!defect) throw new RailUnreachableError(`nothing was settled: ${reason}`);
  return defect;
}

async function settle(
  { token }: ChainContext,
  client: JsonClient,
  taken: Map<string, Hex | undefined>,
  { order, signal }: { order: Order; signal?: AbortSignal },
): Promise<Carried> {
  const id = order.instruction.instruction_id;
  try {
    const body = paymentQuestion(token, order);
    const answer = await ask(client, '/settle', { body, signal }, settleAnswer);
    const { success, transaction } = answer;
    const reason = answer.errorReason ?? 'no reason';
    if (success || reason === SETTLEMENT_PENDING) {
      remember(taken, id, isHash(transaction ?? '') ? (transaction as Hex) : undefined);
      return {
        kind: 'sent',
        detail: success ? 'settled, to be confirmed' : 'the facilitator is settling it',
      };
    }
    // A transaction that it names may yet be mined.
    const defect = transaction ? undefined : refusalOf(reason);
    return defect
      ? { kind: 'refused', defect }
      : { kind: 'unknown', detail: `the facilitator said ${reason}` };
  } catch (error) {
    if (error instanceof AnswerLostError) return { kind: 'unknown', detail: error.message };
    throw error;
  }
}

async function underway(
  { reader, deps }: ChainContext,
  taken: Map<string, Hex | undefined>,
  { instruction }: Order,
  signal?: AbortSignal,
): Promise<Underway> {
  const id = instruction.instruction_id;
  if (!taken.has(id)) return { kind: 'not underway' };
  if (deps.clock().getTime() < Date.parse(instruction.expires_at))
    return { kind: 'underway', detail: 'the facilitator has it' };
  const hash = taken.get(id);
  const transaction = hash
    ? await reader.rpc.call<{ blockNumber: Hex | null } | null>('eth_getTransactionByHash', [hash], signal)
    : null;
  // Mined without the authorization being used, it failed; unknown to the node, it is nowhere.
  const waiting = transaction !== null && transaction.blockNumber === null;
  return waiting ? { kind: 'underway', detail: 'waiting to be mined' } : { kind: 'not underway' };
}

function remember(taken: Map<string, Hex | undefined>, id: string, hash: Hex | undefined): void {
  taken.set(id, hash);
  const [oldest] = taken.keys();
  if (taken.size > MAX_REMEMBERED && oldest !== undefined) taken.delete(oldest);
}

async function ask<T>(
  client: JsonClient,
  path: string,
  { body, signal }: { body: unknown; signal?: AbortSignal },
  schema: z.ZodType<T>,
): Promise<T> {
  const answer = await client.post(path, body, signal);
  const read = schema.safeParse(answer.body);
  // A refusal may come as 4xx with the protocol's body.
  if (answer.status >= 500 || !read.success)
    throw new AnswerLostError(`the facilitator answered ${answer.status}`);
  return read.data;
}
