/** From what the chain shows to what AURA may believe. */
import { isAddressEqual } from 'viem';
import { isIncoming, type Instruction, type RailAnswer } from '../../domain/settlement';
import type { AuthorizationKey } from './authorization';
import type { ChainContext } from './context';
import type { Defect } from './defect';
import { proveSettlement } from './evidence';
import type { Finding } from './find';
import { confirmationsOf, CONFIRMATIONS, type BlockHead } from './reader';
import { lineOf } from './lines';

export function unknown(detail: string): RailAnswer {
  return { outcome: 'unknown', detail };
}

export function rejected({ reason, detail }: Defect): RailAnswer {
  return { outcome: 'rejected', reason, detail, evidence: '' };
}

export function pending(done: number, detail?: string): RailAnswer {
  return {
    outcome: 'pending',
    detail: detail ?? `${done} of ${CONFIRMATIONS} confirmations`,
    progress: { done, of: CONFIRMATIONS, unit: 'confirmations' },
  };
}

/** The answer to an authorization that the token has taken. */
export function answerUsed(
  { rail, token, deps, wallet }: ChainContext,
  instruction: Instruction,
  found: Exclude<Finding, { state: 'unused' }>,
): RailAnswer {
  if (found.state === 'unclear')
    return unknown('the authorization was used, but the node does not show where');
  const final = found.confirmations >= CONFIRMATIONS;
  if (found.state === 'canceled') {
    if (!final) return pending(found.confirmations, 'the payer cancelled the authorization');
    return rejected({ reason: 'AUTHORIZATION_CANCELED', detail: 'the payer cancelled the authorization' });
  }
  const { transfer } = found;
  if (isIncoming(instruction.kind) && !isAddressEqual(transfer.to, wallet.address)) {
    if (!final)
      return pending(found.confirmations, 'the authorization’s nonce was used to pay somebody else');
    const detail = 'the payer used the authorization’s nonce to pay somebody else';
    return rejected({ reason: 'AUTHORIZATION_USED_ELSEWHERE', detail });
  }
  if (!final) return pending(found.confirmations);
  const proof = proveSettlement({ rail, token, signer: deps.signer }, instruction, found);
  const line = lineOf({ rail, token, wallet }, transfer, found.block, instruction.instruction_id);
  return { outcome: 'executed', proof, lines: [line] };
}

/** The answer to an authorization that the token has not taken and that nobody here knows to be under way. */
export async function answerUnused(
  { reader }: ChainContext,
  key: AuthorizationKey & { validBefore: string },
  head: BlockHead,
  signal?: AbortSignal,
): Promise<RailAnswer> {
  const settled = head.number - CONFIRMATIONS + 1;
  const block = settled >= 0 ? await reader.block(settled, signal) : undefined;
  // The token takes it only in a block before this time, and there is none any more that could still change.
  if (
    block &&
    BigInt(block.timestamp) >= BigInt(key.validBefore) &&
    confirmationsOf(head, settled) >= CONFIRMATIONS
  )
    return rejected({ reason: 'AUTHORIZATION_EXPIRED', detail: 'it was not used before its time was over' });
  return {
    outcome: 'not_found',
    detail: 'the token has not taken the authorization',
    as_of: new Date(head.timestamp * 1_000).toISOString(),
  };
}
