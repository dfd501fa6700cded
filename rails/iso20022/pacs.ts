/** Clearing and settlement: credit transfer, status report, status request, return. */
import { message } from './message';
import { amount, code, list, optional, sequence, type Value } from './schema';
import {
  account,
  agent,
  count,
  date,
  dateTime,
  max35,
  originalGroup,
  party,
  paymentType,
  remittance,
  settlement,
  statusReason,
  transactionStatus,
  uetr,
} from './types';

const settledHeader = sequence({ MsgId: max35, CreDtTm: dateTime, NbOfTxs: count, SttlmInf: settlement });
const plainHeader = sequence({ MsgId: max35, CreDtTm: dateTime });

const creditTransfer = sequence({
  GrpHdr: settledHeader,
  CdtTrfTxInf: sequence({
    PmtId: sequence({
      InstrId: max35,
      EndToEndId: max35,
      TxId: optional(max35),
      UETR: uetr,
      /** Set by the network on transfers that it forwards. */
      ClrSysRef: optional(max35),
    }),
    PmtTpInf: paymentType,
    IntrBkSttlmAmt: amount,
    IntrBkSttlmDt: date,
    AccptncDtTm: optional(dateTime),
    ChrgBr: code('SLEV'),
    InstgAgt: agent,
    InstdAgt: agent,
    Dbtr: party,
    DbtrAcct: account,
    DbtrAgt: agent,
    CdtrAgt: agent,
    Cdtr: party,
    CdtrAcct: account,
    /** The request for payment that this transfer answers, or the transfer that it gives back. */
    RltdRmtInf: optional(sequence({ RmtId: max35 })),
    RmtInf: optional(remittance),
  }),
});

const statusReport = sequence({
  GrpHdr: plainHeader,
  TxInfAndSts: sequence({
    OrgnlGrpInf: optional(originalGroup),
    OrgnlInstrId: max35,
    OrgnlEndToEndId: max35,
    OrgnlUETR: optional(uetr),
    TxSts: transactionStatus,
    StsRsnInf: list(statusReason, 4),
    AccptncDtTm: optional(dateTime),
    FctvIntrBkSttlmDt: optional(sequence({ Dt: date })),
    ClrSysRef: optional(max35),
    InstgAgt: agent,
    InstdAgt: agent,
    /** The amount that was settled, which is not necessarily the one that was instructed. */
    OrgnlTxRef: optional(sequence({ IntrBkSttlmAmt: amount, IntrBkSttlmDt: date })),
  }),
});

const statusRequest = sequence({
  GrpHdr: plainHeader,
  TxInf: sequence({
    OrgnlGrpInf: optional(originalGroup),
    OrgnlInstrId: max35,
    OrgnlEndToEndId: max35,
    OrgnlUETR: optional(uetr),
    InstgAgt: agent,
    InstdAgt: agent,
  }),
});

const returnParty = sequence({ Pty: party });
const paymentReturn = sequence({
  GrpHdr: settledHeader,
  TxInf: sequence({
    RtrId: max35,
    OrgnlGrpInf: optional(originalGroup),
    OrgnlInstrId: optional(max35),
    OrgnlEndToEndId: optional(max35),
    OrgnlUETR: optional(uetr),
    OrgnlClrSysRef: max35,
    OrgnlIntrBkSttlmAmt: optional(amount),
    RtrdIntrBkSttlmAmt: amount,
    IntrBkSttlmDt: date,
    ChrgBr: code('SLEV'),
    ClrSysRef: optional(max35),
    InstgAgt: agent,
    InstdAgt: agent,
    RtrChain: sequence({
      Dbtr: returnParty,
      DbtrAcct: account,
      DbtrAgt: agent,
      CdtrAgt: agent,
      Cdtr: returnParty,
      CdtrAcct: account,
    }),
    RtrRsnInf: statusReason,
  }),
});

export const pacs008 = message('pacs.008.001.08', 'FIToFICstmrCdtTrf', creditTransfer);
export const pacs002 = message('pacs.002.001.10', 'FIToFIPmtStsRpt', statusReport);
export const pacs028 = message('pacs.028.001.03', 'FIToFIPmtStsReq', statusRequest);
export const pacs004 = message('pacs.004.001.10', 'PmtRtr', paymentReturn);

export type CreditTransfer = Value<typeof creditTransfer>;
export type StatusReport = Value<typeof statusReport>;
export type StatusRequest = Value<typeof statusRequest>;
export type PaymentReturn = Value<typeof paymentReturn>;
