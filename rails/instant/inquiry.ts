/** The status request of an instruction. */
import type { Instruction } from '../../domain/settlement';
import { freshMessageId, pacs028, transferMessageId, uetrOf } from '../iso20022';
import { agentOf } from './parts';
import { transferMessageName, type TransferDeps } from './transfer';

export function buildInquiry(
  { profile, settlementAccount, clock }: TransferDeps,
  instruction: Instruction,
): string {
  const id = instruction.instruction_id;
  return pacs028.build({
    GrpHdr: { MsgId: freshMessageId(), CreDtTm: clock().toISOString() },
    TxInf: {
      OrgnlGrpInf: {
        OrgnlMsgId: transferMessageId(id),
        OrgnlMsgNmId: transferMessageName(profile, instruction),
      },
      OrgnlInstrId: id,
      OrgnlEndToEndId: id,
      OrgnlUETR: uetrOf(id),
      InstgAgt: agentOf(profile, settlementAccount.routingNumber),
      InstdAgt: agentOf(profile, profile.networkRouting),
    },
  });
}
