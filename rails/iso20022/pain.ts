/** Request for payment and the answer of the payer's bank. */
import { message } from './message';
import { amount, choice, code, list, optional, sequence, type Value } from './schema';
import {
  account,
  agent,
  count,
  date,
  dateTime,
  indicator,
  max35,
  originalGroup,
  party,
  paymentType,
  statusReason,
} from './types';

const dateOrInstant = choice({ Dt: date, DtTm: dateTime });

const paymentRequest = sequence({
  GrpHdr: sequence({ MsgId: max35, CreDtTm: dateTime, NbOfTxs: count, InitgPty: party }),
  PmtInf: sequence({
    PmtInfId: max35,
    PmtMtd: code('TRF'),
    ReqdExctnDt: dateOrInstant,
    XpryDt: dateOrInstant,
    Dbtr: party,
    DbtrAcct: account,
    DbtrAgt: agent,
    CdtTrfTx: sequence({
      PmtId: sequence({ EndToEndId: max35 }),
      PmtTpInf: paymentType,
      PmtCond: sequence({ AmtModAllwd: indicator, EarlyPmtAllwd: indicator, GrntedPmtReqd: indicator }),
      Amt: sequence({ InstdAmt: amount }),
      ChrgBr: code('SLEV'),
      CdtrAgt: agent,
      Cdtr: party,
      CdtrAcct: account,
    }),
  }),
});

const requestStatus = sequence({
  GrpHdr: sequence({ MsgId: max35, CreDtTm: dateTime, InitgPty: party }),
  OrgnlGrpInfAndSts: originalGroup,
  OrgnlPmtInfAndSts: sequence({
    OrgnlPmtInfId: max35,
    TxInfAndSts: sequence({
      OrgnlEndToEndId: max35,
      TxSts: code('ACCP', 'RJCT'),
      StsRsnInf: list(statusReason, 4),
      AccptncDtTm: optional(dateTime),
      /** The reference by which later transfers name the accepted request. */
      ClrSysRef: optional(max35),
    }),
  }),
});

export const pain013 = message('pain.013.001.07', 'CdtrPmtActvtnReq', paymentRequest);
export const pain014 = message('pain.014.001.07', 'CdtrPmtActvtnReqStsRpt', requestStatus);

export type PaymentRequest = Value<typeof paymentRequest>;
export type RequestStatus = Value<typeof requestStatus>;
