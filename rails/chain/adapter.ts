/** What both chain rails do alike; how a signed authorization gets onto the chain is each one's own. */
import { RAIL_TERMS } from '../../domain/rail-terms';
import {
  isIncoming,
  verifyInstruction,
  type Instruction,
  type RailAnswer,
  type SignedInstruction,
} from '../../domain/settlement';
import {
  asWalletAccount,
  RailUnreachableError,
  type RailAdapter,
  type RailCapabilities,
  type TransferAuthorization,
} from '../port';
import { answerUnused, answerUsed, pending, rejected, unknown } from './answers';
import { authorizationFor, beforeSending, isLost, type ChainContext } from './context';
import { authorizationDefect, findDefect, limitMinor, type Defect } from './defect';
import { findAuthorization } from './find';
import { requestMandate } from './mandate';
import { createMemory, type Memory } from './memory';
import { readNotices } from './notices';
import { readStatement } from './statement';

export interface Order {
  instruction: Instruction;
  authorization: TransferAuthorization;
}

export type Carried =
  | { kind: 'sent'; detail: string }
  /** Refused before anything was sent, or so that it provably never executes. */
  | { kind: 'refused'; defect: Defect }
  | { kind: 'unknown'; detail: string };

export type Underway =
  /** On its way for all that is known here. */
  { kind: 'underway'; detail: string } | { kind: 'refused'; defect: Defect } | { kind: 'not underway' };

/** Brings signed authorizations onto the chain. */
export interface Carrier {
  /** Throws `RailUnreachableError` only when nothing was sent. */
  carry(order: Order, signal?: AbortSignal): Promise<Carried>;
  /** What it knows of an authorization that the token has not taken. */
  underway(order: Order, signal?: AbortSignal): Promise<Underway>;
  /** The settlement is final: nothing needs to be kept of it. */
  forget(instructionId: string): void;
  close(): Promise<void>;
}

interface Adapter extends ChainContext {
  carrier: Carrier;
  memory: Memory;
}

export function createChainAdapter(context: ChainContext, carrier: Carrier): RailAdapter {
  const adapter: Adapter = { ...context, carrier, memory: createMemory() };
  const { memory } = adapter;
  return {
    capabilities: capabilitiesOf(context),
    requestMandate: (request) => requestMandate(context, request),
    // Sent at once from several places it goes out once.
    submit: (signed, signal) =>
      memory.single(signed.instruction.instruction_id, canSingle(signed), () =>
        submit(adapter, signed, signal),
      ),
    inquire: (signed, signal) => inquire(adapter, signed, signal),
    reverse: async () =>
      rejected({ reason: 'NO_REVERSAL', detail: 'a transfer on a chain is not taken back' }),
    statement: (period) => readStatement(context, period),
    notices: (cursor) => readNotices(context, cursor),
    async close() {
      await carrier.close();
      await context.reader.rpc.close();
    },
  };
}

/** Forged copies of an instruction must not share an answer with the real one. */
function canSingle(signed: SignedInstruction): string {
  return `${signed.key_id}:${signed.signature}:${JSON.stringify(signed.instruction)}`;
}

function capabilitiesOf(context: ChainContext): RailCapabilities {
  const { rail, token, deps } = context;
  const terms = RAIL_TERMS[rail];
  return {
    rail,
    assets: [token.asset],
    maxAmountMinor: { [token.asset]: limitMinor(context) },
    finality: terms.finality,
    maxDelayMs: deps.maxDelayMs ?? terms.maxDelayMs,
    canReverse: false,
  };
}

async function submit(
  adapter: Adapter,
  signed: SignedInstruction,
  signal?: AbortSignal,
): Promise<RailAnswer> {
  const { instruction } = signed;
  const refusal = refuse(adapter, signed);
  if (refusal) return refusal;
  if (signal?.aborted) throw new RailUnreachableError('cancelled before anything was sent');
  if (Date.parse(instruction.expires_at) <= adapter.deps.clock().getTime()) {
    // An earlier attempt may have been sent in time, so this is no proof of anything.
    return unknown('expired: this attempt sent nothing, an inquiry tells whether an earlier one did');
  }
  const authorization = await beforeSending(() => authorizationFor(adapter, instruction));
  const order = { instruction, authorization };
  const found = await beforeSending(() => findAuthorization(adapter.reader, authorization, signal));
  if (found.state !== 'unused')
    return concluded(adapter, instruction, answerUsed(adapter, instruction, found));
  const earlier = adapter.memory.refusal(instruction.instruction_id);
  const defect = earlier ?? (await beforeSending(() => orderDefect(adapter, order)));
  if (defect) return refused(adapter, instruction, defect);
  const carried = await adapter.carrier.carry(order, signal);
  switch (carried.kind) {
    case 'sent':
      return pending(0, carried.detail);
    case 'refused':
      return refused(adapter, instruction, carried.defect);
    case 'unknown':
      return unknown(carried.detail);
  }
}

async function inquire(
  adapter: Adapter,
  signed: SignedInstruction,
  signal?: AbortSignal,
): Promise<RailAnswer> {
  const { instruction } = signed;
  const refusal = refuse(adapter, signed);
  if (refusal) return refusal;
  const authorization = await beforeSending(() => authorizationFor(adapter, instruction));
  try {
    const found = await findAuthorization(adapter.reader, authorization, signal);
    if (found.state !== 'unused')
      return concluded(adapter, instruction, answerUsed(adapter, instruction, found));
    const earlier = adapter.memory.refusal(instruction.instruction_id);
    if (earlier) return rejected(earlier);
    const underway = await adapter.carrier.underway({ instruction, authorization }, signal);
    if (underway.kind === 'refused') return refused(adapter, instruction, underway.defect);
    const answer = await answerUnused(adapter, authorization, found.head, signal);
    // What can never be mined any more is not on its way, whatever is remembered of it.
    if (underway.kind === 'underway' && answer.outcome !== 'rejected') return pending(0, underway.detail);
    return answer;
  } catch (error) {
    if (isLost(error)) return unknown(error.message);
    throw error;
  }
}

function concluded(adapter: Adapter, { instruction_id: id }: Instruction, answer: RailAnswer): RailAnswer {
  if (answer.outcome === 'executed' || answer.outcome === 'rejected') adapter.carrier.forget(id);
  return answer;
}

/** Refused once is refused for good: it is never sent from here again. */
function refused(adapter: Adapter, { instruction_id: id }: Instruction, defect: Defect): RailAnswer {
  adapter.memory.refuse(id, defect);
  adapter.carrier.forget(id);
  return rejected(defect);
}

/** What AURA did not sign, and what can never be sent. */
export function refuse(context: ChainContext, signed: SignedInstruction): RailAnswer | undefined {
  const { instruction } = signed;
  if (!verifyInstruction(signed, context.deps.auraKey))
    return rejected({ reason: 'FORGED', detail: 'not signed by AURA' });
  const defect = findDefect(context, instruction);
  return defect && rejected(defect);
}

async function orderDefect(
  { deps, token, wallet }: Adapter,
  { instruction, authorization }: Order,
): Promise<Defect | undefined> {
  if (!isIncoming(instruction.kind)) return undefined;
  const mandate = await deps.directory.mandate(instruction.debtor.mandate_ref ?? '');
  return authorizationDefect(authorization, {
    token,
    from: asWalletAccount(mandate.account).address,
    to: wallet.address,
    amountMinor: BigInt(instruction.amount_minor),
    nowMs: deps.clock().getTime(),
  });
}
