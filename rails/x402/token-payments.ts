/**
 * Pay-ins by a facilitator's token. The facilitator pays AURA's wallet and names a transaction; that is a hint. What
 * counts is the chain: a transfer by authorization of exactly the amount to AURA's wallet in that transaction, confirmed
 * as deep as any other, that belongs to no other instruction.
 */
import type { Hex } from 'viem';
import type { Instruction, RailAnswer, SignedInstruction } from '../../domain/settlement';
import {
  answerUsed,
  CONFIRMATIONS,
  createMemory,
  findTransfer,
  isLost,
  pending,
  rejected,
  unknown,
  type ChainContext,
  type Memory,
  type TransferFinding,
} from '../chain';
import type { Defect } from '../chain/defect';
import { RailUnreachableError, type FacilitatorTokenAuthorization } from '../port';
import {
  createFacilitatorTokenClient,
  facilitatorTokenAuthorization,
  type FacilitatorTokenClient,
  type TokenPaymentAnswer,
} from './facilitator-token';
import { tokenRefusalOf } from './reasons';
import type { TransferClaims } from './transfer-claims';

export interface TokenPayments {
  /** Both take instructions that are AURA's and in order, nothing else. */
  submit(
    signed: SignedInstruction,
    token: FacilitatorTokenAuthorization,
    signal?: AbortSignal,
  ): Promise<RailAnswer>;
  inquire(
    signed: SignedInstruction,
    token: FacilitatorTokenAuthorization,
    signal?: AbortSignal,
  ): Promise<RailAnswer>;
  close(): Promise<void>;
}

/** What facilitators have said of a payment. */
interface Hints {
  /** Transactions that were named, the last first. */
  transactions: Hex[];
  /** Unix seconds. */
  validBefore?: bigint;
}

interface Deps {
  context: ChainContext;
  claims: TransferClaims;
  memory: Memory;
  hints: Map<string, Hints>;
  clients: Map<string, FacilitatorTokenClient>;
}

interface Order {
  instruction: Instruction;
  token: FacilitatorTokenAuthorization;
  signal?: AbortSignal;
}

const MAX_HINTED = 5_000;
const MAX_TRANSACTIONS_EACH = 4;
const MAX_FACILITATORS = 16;

export function createTokenPayments(context: ChainContext, claims: TransferClaims): TokenPayments {
  const memory = createMemory();
  const deps: Deps = { context, claims, memory, hints: new Map(), clients: new Map() };
  return {
    submit: ({ instruction }, token, signal) =>
      // The token pays once, so a second attempt that comes meanwhile is the same attempt.
      memory.single(instruction.instruction_id, 'token', () => submit(deps, { instruction, token, signal })),
    inquire: ({ instruction }, token, signal) => inquire(deps, { instruction, token, signal }),
    async close() {
      for (const client of deps.clients.values()) await client.close();
    },
  };
}

async function submit(deps: Deps, order: Order): Promise<RailAnswer> {
  const { instruction, token, signal } = order;
  const id = instruction.instruction_id;
  if (signal?.aborted) throw new RailUnreachableError('cancelled before anything was sent');
  if (Date.parse(instruction.expires_at) <= deps.context.deps.clock().getTime())
    return unknown('expired: this attempt sent nothing, an inquiry tells whether an earlier one did');
  const earlier = deps.memory.refusal(id);
  if (earlier) return rejected(earlier);
  const defect = tokenDefect(order);
  if (defect) return refused(deps, id, defect);
  if (deps.hints.has(id)) return inquire(deps, order);
  const told = await clientFor(deps, token.facilitator).pay(token, signal);
  hint(deps, id, told);
  switch (told.outcome) {
    case 'settled':
      return pending(0, 'settled, to be confirmed');
    case 'pending':
      return pending(0, 'the facilitator is settling it');
    case 'refused': {
      const final = finalDefect(told);
      return final ? refused(deps, id, final) : unknown(`the facilitator said ${told.code}`);
    }
    case 'not_found':
      return unknown('the facilitator does not know the payment that it was asked for');
    case 'unknown':
      return unknown(told.detail);
  }
}

async function inquire(deps: Deps, order: Order): Promise<RailAnswer> {
  const { instruction, token, signal } = order;
  const id = instruction.instruction_id;
  const defect = deps.memory.refusal(id) ?? tokenDefect(order);
  if (defect) return rejected(defect);
  const askedAt = deps.context.deps.clock();
  const told = await ask(deps, id, token, signal);
  hint(deps, id, told);
  try {
    const found = await findPayment(deps, instruction, signal);
    if (found?.state === 'used') return answerUsed(deps.context, instruction, found);
    return await answerTold(deps, order, { told, found, askedAt });
  } catch (error) {
    if (isLost(error)) return unknown(error.message);
    throw error;
  }
}

/** A facilitator that is away keeps nobody from looking for what it named before. */
async function ask(
  deps: Deps,
  id: string,
  token: FacilitatorTokenAuthorization,
  signal?: AbortSignal,
): Promise<TokenPaymentAnswer> {
  try {
    return await clientFor(deps, token.facilitator).inquire(token, signal);
  } catch (error) {
    if (!(error instanceof RailUnreachableError) || !deps.hints.has(id)) throw error;
    return { outcome: 'unknown', detail: error.message };
  }
}

/** The payment in one of the transactions that were named for it; otherwise the most that is known of them. */
async function findPayment(
  { context, claims, hints }: Deps,
  { instruction_id: id, amount_minor: amount }: Instruction,
  signal?: AbortSignal,
): Promise<TransferFinding | undefined> {
  let best: TransferFinding | undefined;
  for (const transaction of hints.get(id)?.transactions ?? []) {
    const found = await findTransfer(
      context.reader,
      {
        transaction,
        to: context.wallet.address,
        amountMinor: BigInt(amount),
        async isTaken({ log }, nonce) {
          const owner =
            claims.instructionOf(log) ?? (await context.deps.directory.instructionOfMandate(nonce));
          return owner !== undefined && owner !== id;
        },
      },
      signal,
    );
    if (found.state === 'used') {
      // Two questions at once may have found the same transfer: the first one has it.
      const owner = claims.instructionOf(found.transfer.log);
      if (owner === undefined) claims.claim(found.transfer.log, id);
      if (owner === undefined || owner === id) return found;
      continue;
    }
    if (!best || found.confirmations > best.confirmations) best = found;
  }
  return best;
}

/** The chain shows nothing: what the facilitator says, as far as it can be believed. */
async function answerTold(
  deps: Deps,
  { instruction, signal }: Order,
  { told, found, askedAt }: { told: TokenPaymentAnswer; found?: TransferFinding; askedAt: Date },
): Promise<RailAnswer> {
  const id = instruction.instruction_id;
  const defect = told.outcome === 'refused' ? finalDefect(told) : undefined;
  if (defect && !deps.hints.get(id)?.transactions.length) return refused(deps, id, defect);
  if (await isOver(deps, instruction, signal))
    return rejected({ reason: 'AUTHORIZATION_EXPIRED', detail: 'it was not paid before its time was over' });
  switch (told.outcome) {
    case 'settled':
    case 'pending':
      if (found && found.confirmations >= CONFIRMATIONS)
        return unknown('the transaction that the facilitator names does not pay AURA');
      return pending(0, 'the facilitator has it');
    case 'refused':
      return unknown(`the facilitator said ${told.code}`);
    case 'not_found': {
      if (deps.hints.has(id)) return unknown('the facilitator does not know the payment any more');
      return {
        outcome: 'not_found',
        detail: 'the facilitator knows no such payment',
        as_of: askedAt.toISOString(),
      };
    }
    case 'unknown':
      return unknown(told.detail);
  }
}

/** Whether the payment's own time, as the facilitator told it, is over in a block that stays. */
async function isOver(
  { context: { reader, deps }, hints }: Deps,
  { instruction_id: id, expires_at: expiresAt }: Instruction,
  signal?: AbortSignal,
): Promise<boolean> {
  const validBefore = hints.get(id)?.validBefore;
  if (validBefore === undefined || deps.clock().getTime() < Date.parse(expiresAt)) return false;
  const head = await reader.head(signal);
  const settled = head.number - CONFIRMATIONS + 1;
  const block = settled >= 0 ? await reader.block(settled, signal) : undefined;
  return block !== undefined && BigInt(block.timestamp) >= validBefore;
}

function tokenDefect({ instruction, token }: Order): Defect | undefined {
  if (!facilitatorTokenAuthorization.safeParse(token).success)
    return { reason: 'AUTHORIZATION_INVALID', detail: 'it cannot be read' };
  if (BigInt(token.amount) !== BigInt(instruction.amount_minor))
    return { reason: 'AUTHORIZATION_AMOUNT', detail: 'the token is over another amount, and pays no other' };
  return undefined;
}

/** Undefined where a payment that was refused or has failed may execute all the same. */
function finalDefect(told: Extract<TokenPaymentAnswer, { outcome: 'refused' }>): Defect | undefined {
  return told.payment?.transaction ? undefined : tokenRefusalOf(told.code);
}

function refused({ memory, hints }: Deps, id: string, defect: Defect): RailAnswer {
  memory.refuse(id, defect);
  hints.delete(id);
  return rejected(defect);
}

function hint({ hints }: Deps, id: string, told: TokenPaymentAnswer): void {
  const payment = 'payment' in told ? told.payment : undefined;
  if (!payment) return;
  const earlier = hints.get(id)?.transactions ?? [];
  const named = payment.transaction ? [payment.transaction.toLowerCase() as Hex] : [];
  hints.set(id, {
    transactions: [...new Set([...named, ...earlier])].slice(0, MAX_TRANSACTIONS_EACH),
    validBefore: BigInt(payment.valid_before),
  });
  const [oldest] = hints.keys();
  if (hints.size > MAX_HINTED && oldest !== undefined) hints.delete(oldest);
}

function clientFor({ clients, context }: Deps, facilitatorUrl: string): FacilitatorTokenClient {
  const known = clients.get(facilitatorUrl);
  if (known) return known;
  if (clients.size >= MAX_FACILITATORS)
    throw new RailUnreachableError('more facilitators than are kept open');
  const client = createFacilitatorTokenClient({ facilitatorUrl, timeoutMs: context.deps.timeoutMs });
  clients.set(facilitatorUrl, client);
  return client;
}
