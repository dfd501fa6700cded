/** What a message proposes, in one form for credit transfers and returns. */
import { uetrOf, type CreditTransfer, type PaymentReturn } from '../iso20022';
import type { AccountKey, TransferData } from './events';
import type { Proposal } from './rules';

export interface Proposed {
  transfer: TransferData;
  proposal: Proposal;
}

export function keyFrom(
  agent: CreditTransfer['CdtTrfTxInf']['DbtrAgt'],
  account: { Id: { Othr: { Id: string } } },
): AccountKey {
  return { routingNumber: agent.FinInstnId.ClrSysMmbId.MmbId, accountNumber: account.Id.Othr.Id };
}

export function fromCreditTransfer({ GrpHdr, CdtTrfTxInf: body }: CreditTransfer): Proposed {
  const debtor = keyFrom(body.DbtrAgt, body.DbtrAcct);
  const creditor = keyFrom(body.CdtrAgt, body.CdtrAcct);
  const { amountMinor, asset } = body.IntrBkSttlmAmt;
  const relatedReference = body.RltdRmtInf?.RmtId;
  return {
    transfer: {
      id: body.PmtId.EndToEndId,
      uetr: body.PmtId.UETR,
      messageId: GrpHdr.MsgId,
      messageName: 'pacs.008.001.08',
      debtor,
      creditor,
      asset,
      instructedMinor: amountMinor.toString(),
      quotedId: body.PmtId.EndToEndId,
      reversal: false,
      returnsReference: relatedReference,
    },
    proposal: {
      debtor,
      creditor,
      asset,
      amountMinor,
      createdAt: GrpHdr.CreDtTm,
      clearingSystem: GrpHdr.SttlmInf.ClrSys.Cd,
      relatedReference,
    },
  };
}

export function fromReturn({ GrpHdr, TxInf }: PaymentReturn): Proposed {
  const chain = TxInf.RtrChain;
  const debtor = keyFrom(chain.DbtrAgt, chain.DbtrAcct);
  const creditor = keyFrom(chain.CdtrAgt, chain.CdtrAcct);
  const { amountMinor, asset } = TxInf.RtrdIntrBkSttlmAmt;
  return {
    transfer: {
      id: TxInf.RtrId,
      uetr: uetrOf(TxInf.RtrId),
      messageId: GrpHdr.MsgId,
      messageName: 'pacs.004.001.10',
      debtor,
      creditor,
      asset,
      instructedMinor: amountMinor.toString(),
      quotedId: TxInf.RtrId,
      reversal: true,
      returnsReference: TxInf.OrgnlClrSysRef,
    },
    proposal: {
      debtor,
      creditor,
      asset,
      amountMinor,
      createdAt: GrpHdr.CreDtTm,
      clearingSystem: GrpHdr.SttlmInf.ClrSys.Cd,
      relatedReference: TxInf.OrgnlClrSysRef,
    },
  };
}
