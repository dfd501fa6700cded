/** What is wrong with an instruction or an authorization in itself, so that it never can have been sent from here. */
import { isAddressEqual, type Address } from 'viem';
import { RAIL_TERMS } from '../../domain/rail-terms';
import { isIncoming, type Instruction, type RailName } from '../../domain/settlement';
import type { TransferAuthorization } from '../port';
import { isSignedByPayer, isWellFormed } from './authorization';
import type { Token } from './token';

export const AURA_ACCOUNT_REF = 'aura';

/** `reason` is a code: ISO 20022's where there is one. */
export interface Defect {
  reason: string;
  detail: string;
}

export interface DefectContext {
  rail: RailName;
  token: Token;
}

/** What a single transfer may be; the terms name the sandbox's token, a deployment may have another of the same kind. */
export function limitMinor({ rail, token }: DefectContext): bigint {
  const { maxAmountMinor } = RAIL_TERMS[rail];
  return maxAmountMinor[token.asset] ?? Object.values(maxAmountMinor)[0] ?? 0n;
}

export function findDefect(context: DefectContext, instruction: Instruction): Defect | undefined {
  const { kind, debtor, creditor } = instruction;
  if (instruction.rail !== context.rail) return { reason: 'WRONG_RAIL', detail: `this is ${context.rail}` };
  if (!/^[1-9]\d{0,17}$/.test(instruction.amount_minor))
    return { reason: 'AM12', detail: 'not a positive amount' };
  if (instruction.asset !== context.token.asset)
    return { reason: 'AM03', detail: `${instruction.asset} is not carried here` };
  if (BigInt(instruction.amount_minor) > limitMinor(context))
    return { reason: 'AM02', detail: 'more than one transfer carries' };
  const incoming = isIncoming(kind);
  const ours = incoming ? creditor : debtor;
  const theirs = incoming ? debtor : creditor;
  if (ours.account_ref !== AURA_ACCOUNT_REF || theirs.account_ref === AURA_ACCOUNT_REF)
    return { reason: 'WRONG_PARTIES', detail: `a ${kind} is between AURA and a payment account` };
  if (incoming && !debtor.mandate_ref) return { reason: 'MD01', detail: 'without a mandate of the payer' };
  if (kind === 'return' && !instruction.returns_reference)
    return { reason: 'NO_REFERENCE', detail: 'a return names the transfer that goes back' };
  return undefined;
}

export interface AuthorizationTerms {
  token: Token;
  from: Address;
  to: Address;
  amountMinor: bigint;
  nowMs: number;
}

/** Why what the payer signed is not what is asked for. */
export async function authorizationDefect(
  given: TransferAuthorization,
  { token, from, to, amountMinor, nowMs }: AuthorizationTerms,
): Promise<Defect | undefined> {
  if (!isWellFormed(given)) return { reason: 'AUTHORIZATION_INVALID', detail: 'it cannot be read' };
  if (!isAddressEqual(given.from, from))
    return { reason: 'AUTHORIZATION_PAYER', detail: 'it is of another wallet than the account names' };
  if (!isAddressEqual(given.to, to))
    return { reason: 'AUTHORIZATION_PAYEE', detail: 'it pays another wallet than AURA’s' };
  if (BigInt(given.value) !== amountMinor)
    return { reason: 'AUTHORIZATION_AMOUNT', detail: 'it is over another amount, and moves no other' };
  const seconds = BigInt(Math.floor(nowMs / 1_000));
  if (BigInt(given.validBefore) <= seconds) return { reason: 'AUTHORIZATION_EXPIRED', detail: 'it is over' };
  if (BigInt(given.validAfter) >= seconds)
    return { reason: 'AUTHORIZATION_EARLY', detail: 'it does not hold yet' };
  if (!(await isSignedByPayer(token, given)))
    return { reason: 'AUTHORIZATION_FORGED', detail: 'the wallet did not sign it' };
  return undefined;
}
