/** From an instruction of AURA to the message that carries it out. */
import { isIncoming, type Instruction } from '../../domain/settlement';
import {
  pacs004,
  pacs008,
  transferMessageId,
  uetrOf,
  type CreditTransfer,
  type PaymentReturn,
} from '../iso20022';
import { asBankAccount, type BankAccount, type PartyDirectory } from '../port';
import { accountOf, agentOf, paymentTypeOf, settlementOf, type TransferContent } from './parts';
import { businessDate, limitMinor, type NetworkProfile } from './profile';

export const AURA_ACCOUNT_REF = 'aura';

/** Instructions that no message can be made of are refused before anything is sent. */
export interface Unsendable {
  reason: string;
  detail: string;
}

export interface TransferDeps {
  profile: NetworkProfile;
  settlementAccount: BankAccount;
  directory: PartyDirectory;
  clock: () => Date;
}

/** Which message types carry an instruction of this kind on this network. */
export function transferMessageName(profile: NetworkProfile, instruction: Instruction): string {
  return isReturnMessage(profile, instruction) ? pacs004.name : pacs008.name;
}

function isReturnMessage(profile: NetworkProfile, instruction: Instruction): boolean {
  return instruction.kind === 'return' && profile.returnMessage === 'pacs.004';
}

/** What is wrong with an instruction in itself, so that it never can have been sent from here. */
export function findDefect(profile: NetworkProfile, instruction: Instruction): Unsendable | undefined {
  const { kind, debtor, creditor } = instruction;
  if (instruction.rail !== profile.rail) return { reason: 'WRONG_RAIL', detail: `this is ${profile.rail}` };
  if (!/^[1-9]\d{0,17}$/.test(instruction.amount_minor))
    return { reason: 'AM12', detail: 'not a positive amount' };
  if (limitMinor(profile, instruction.asset) === undefined) {
    return { reason: 'AM03', detail: `${instruction.asset} is not cleared here` };
  }
  const incoming = isIncoming(kind);
  const ours = incoming ? creditor : debtor;
  const theirs = incoming ? debtor : creditor;
  if (ours.account_ref !== AURA_ACCOUNT_REF || theirs.account_ref === AURA_ACCOUNT_REF) {
    return { reason: 'WRONG_PARTIES', detail: `a ${kind} is between AURA and a payment account` };
  }
  if (incoming && !debtor.mandate_ref) return { reason: 'MD01', detail: 'without a mandate of the payer' };
  if (kind === 'return' && !instruction.returns_reference) {
    return { reason: 'NO_REFERENCE', detail: 'a return names the transfer that goes back' };
  }
  return undefined;
}

/** Rejects when the directory does. */
export async function buildTransfer(deps: TransferDeps, instruction: Instruction): Promise<string> {
  const { content, mandateReference } = await resolveParties(deps, instruction);
  if (isReturnMessage(deps.profile, instruction)) {
    return pacs004.build(returnMessage(deps.profile, instruction, content));
  }
  const related = mandateReference ?? instruction.returns_reference;
  return pacs008.build(creditTransfer(deps.profile, instruction, content, related));
}

async function resolveParties(deps: TransferDeps, instruction: Instruction) {
  const { directory, profile, settlementAccount } = deps;
  const now = deps.clock();
  const base = {
    amount: { amountMinor: BigInt(instruction.amount_minor), asset: instruction.asset },
    businessDate: businessDate(profile, now),
    at: now.toISOString(),
  };
  if (instruction.debtor.mandate_ref) {
    const mandate = await directory.mandate(instruction.debtor.mandate_ref);
    const content = { ...base, debtor: asBankAccount(mandate.account), creditor: settlementAccount };
    return { content, mandateReference: mandate.reference };
  }
  const creditor = asBankAccount(await directory.account(instruction.creditor.account_ref));
  return { content: { ...base, debtor: settlementAccount, creditor }, mandateReference: undefined };
}

function creditTransfer(
  profile: NetworkProfile,
  instruction: Instruction,
  content: TransferContent,
  relatedReference: string | undefined,
): CreditTransfer {
  const { debtor, creditor, amount, at } = content;
  const id = instruction.instruction_id;
  return {
    GrpHdr: { MsgId: transferMessageId(id), CreDtTm: at, NbOfTxs: 1, SttlmInf: settlementOf(profile) },
    CdtTrfTxInf: {
      PmtId: { InstrId: id, EndToEndId: id, UETR: uetrOf(id) },
      PmtTpInf: paymentTypeOf(profile),
      IntrBkSttlmAmt: amount,
      IntrBkSttlmDt: content.businessDate,
      ChrgBr: 'SLEV',
      InstgAgt: agentOf(profile, debtor.routingNumber),
      InstdAgt: agentOf(profile, creditor.routingNumber),
      Dbtr: { Nm: debtor.holderName },
      DbtrAcct: accountOf(debtor),
      DbtrAgt: agentOf(profile, debtor.routingNumber),
      CdtrAgt: agentOf(profile, creditor.routingNumber),
      Cdtr: { Nm: creditor.holderName },
      CdtrAcct: accountOf(creditor),
      ...(relatedReference ? { RltdRmtInf: { RmtId: relatedReference } } : {}),
      // The commitment's hash stays with the payment in the banks' own records.
      RmtInf: { Ustrd: `/CMT/${instruction.commitment_hash}` },
    },
  };
}

function returnMessage(
  profile: NetworkProfile,
  instruction: Instruction,
  content: TransferContent,
): PaymentReturn {
  const { debtor, creditor, amount, at } = content;
  const id = instruction.instruction_id;
  return {
    GrpHdr: { MsgId: transferMessageId(id), CreDtTm: at, NbOfTxs: 1, SttlmInf: settlementOf(profile) },
    TxInf: {
      RtrId: id,
      OrgnlClrSysRef: instruction.returns_reference ?? '',
      RtrdIntrBkSttlmAmt: amount,
      IntrBkSttlmDt: content.businessDate,
      ChrgBr: 'SLEV',
      InstgAgt: agentOf(profile, debtor.routingNumber),
      InstdAgt: agentOf(profile, creditor.routingNumber),
      RtrChain: {
        Dbtr: { Pty: { Nm: debtor.holderName } },
        DbtrAcct: accountOf(debtor),
        DbtrAgt: agentOf(profile, debtor.routingNumber),
        CdtrAgt: agentOf(profile, creditor.routingNumber),
        Cdtr: { Pty: { Nm: creditor.holderName } },
        CdtrAcct: accountOf(creditor),
      },
      RtrRsnInf: { Rsn: { Cd: 'NARR' }, AddtlInf: 'sent back by the receiver' },
    },
  };
}
