/** What is wrong with an instruction in itself, so that it never can have been sent from here. */
import { RAIL_TERMS } from '../../domain/rail-terms';
import { isIncoming, type Instruction } from '../../domain/settlement';

export const AURA_ACCOUNT_REF = 'aura';

/** Kinds that give money back to the card it came from. */
export function isRefund({ kind }: Instruction): boolean {
  return kind === 'refund' || kind === 'return';
}

export function findDefect(instruction: Instruction): { reason: string; detail: string } | undefined {
  const { kind, debtor, creditor, asset } = instruction;
  if (instruction.rail !== 'card') return { reason: 'WRONG_RAIL', detail: 'this is card' };
  const incoming = isIncoming(kind);
  if (!incoming && !isRefund(instruction))
    return { reason: 'NOT_CARRIED', detail: `a card does not carry a ${kind}` };
  if (!/^[1-9]\d{0,17}$/.test(instruction.amount_minor))
    return { reason: 'AM12', detail: 'not a positive amount' };
  if (!Object.hasOwn(RAIL_TERMS.card.maxAmountMinor, asset))
    return { reason: 'AM03', detail: `${asset} is not cleared here` };
  const ours = incoming ? creditor : debtor;
  const theirs = incoming ? debtor : creditor;
  if (ours.account_ref !== AURA_ACCOUNT_REF || theirs.account_ref === AURA_ACCOUNT_REF)
    return { reason: 'WRONG_PARTIES', detail: `a ${kind} is between AURA and a card` };
  if (incoming && !debtor.mandate_ref) return { reason: 'MD01', detail: 'without a mandate of the payer' };
  if (!incoming && !instruction.returns_reference)
    return { reason: 'NO_REFERENCE', detail: `a ${kind} names the capture that goes back` };
  return undefined;
}
