/** Cash management: request for return and its answer, notifications of entries, balances and the request for both. */
import { message } from './message';
import { amount, choice, code, list, optional, sequence, type Value } from './schema';
import {
  account,
  agentParty,
  assignment,
  count,
  creditDebit,
  date,
  dateTime,
  indicator,
  investigationCase,
  max35,
  originalGroup,
  pagination,
  period,
  statusReason,
  time,
  uetr,
} from './types';

/** Entries of one notification; more are split into pages. */
export const MAX_ENTRIES_PER_PAGE = 500;

const cancellationRequest = sequence({
  Assgnmt: assignment,
  Case: investigationCase,
  Undrlyg: sequence({
    TxInf: sequence({
      OrgnlGrpInf: optional(originalGroup),
      OrgnlInstrId: max35,
      OrgnlEndToEndId: max35,
      OrgnlUETR: optional(uetr),
      OrgnlIntrBkSttlmAmt: amount,
      OrgnlIntrBkSttlmDt: optional(date),
      CxlRsnInf: statusReason,
    }),
  }),
});

const resolution = sequence({
  Assgnmt: assignment,
  RslvdCase: investigationCase,
  /** IPAY: the money is on its way back; RJCR: refused; PDCR: not decided yet. */
  Sts: sequence({ Conf: code('IPAY', 'RJCR', 'PDCR') }),
  CxlDtls: sequence({
    TxInfAndSts: sequence({
      OrgnlGrpInf: optional(originalGroup),
      OrgnlInstrId: max35,
      OrgnlEndToEndId: max35,
      OrgnlUETR: optional(uetr),
      CxlStsRsnInf: optional(statusReason),
      RsltnRltdInf: optional(sequence({ UETR: optional(uetr), IntrBkSttlmAmt: amount, IntrBkSttlmDt: date })),
    }),
  }),
});

const queryHeader = sequence({
  MsgId: max35,
  CreDtTm: dateTime,
  MsgPgntn: pagination,
  OrgnlBizQry: optional(sequence({ MsgId: max35, MsgNmId: max35 })),
});

const entry = sequence({
  Amt: amount,
  CdtDbtInd: creditDebit,
  RvslInd: optional(indicator),
  Sts: sequence({ Cd: code('BOOK') }),
  BookgDt: sequence({ DtTm: dateTime }),
  ValDt: sequence({ Dt: date }),
  AcctSvcrRef: max35,
  BkTxCd: sequence({ Prtry: sequence({ Cd: max35 }) }),
  AddtlInfInd: optional(sequence({ MsgNmId: max35 })),
  NtryDtls: sequence({
    TxDtls: sequence({
      Refs: sequence({ EndToEndId: optional(max35), UETR: optional(uetr), ClrSysRef: optional(max35) }),
    }),
  }),
});

const notification = sequence({
  GrpHdr: queryHeader,
  Ntfctn: sequence({
    Id: max35,
    CreDtTm: dateTime,
    FrToDt: optional(period),
    Acct: account,
    Ntry: list(entry, MAX_ENTRIES_PER_PAGE),
  }),
});

const balance = sequence({
  Tp: sequence({ CdOrPrtry: choice({ Cd: code('OPBD', 'CLBD', 'ITBD') }) }),
  Amt: amount,
  CdtDbtInd: creditDebit,
  Dt: sequence({ DtTm: dateTime }),
});

const accountReport = sequence({
  GrpHdr: queryHeader,
  Rpt: sequence({
    Id: max35,
    CreDtTm: dateTime,
    FrToDt: period,
    Acct: account,
    Bal: list(balance, 4),
  }),
});

const reportingRequest = sequence({
  GrpHdr: sequence({ MsgId: max35, CreDtTm: dateTime }),
  RptgReq: sequence({
    Id: max35,
    ReqdMsgNmId: code('camt.052.001.08', 'camt.054.001.08'),
    Acct: account,
    AcctOwnr: agentParty,
    RptgPrd: sequence({
      FrToDt: sequence({ FrDt: date, ToDt: date }),
      FrToTm: sequence({ FrTm: time, ToTm: time }),
      Tp: code('ALLL'),
    }),
    /** The page asked for, counted from 1. */
    RptgSeq: optional(sequence({ EQSeq: count })),
  }),
});

export const camt056 = message('camt.056.001.08', 'FIToFIPmtCxlReq', cancellationRequest);
export const camt029 = message('camt.029.001.09', 'RsltnOfInvstgtn', resolution);
export const camt054 = message('camt.054.001.08', 'BkToCstmrDbtCdtNtfctn', notification);
export const camt052 = message('camt.052.001.08', 'BkToCstmrAcctRpt', accountReport);
export const camt060 = message('camt.060.001.05', 'AcctRptgReq', reportingRequest);

export type CancellationRequest = Value<typeof cancellationRequest>;
export type Resolution = Value<typeof resolution>;
export type Notification = Value<typeof notification>;
export type Entry = Value<typeof entry>;
export type AccountReport = Value<typeof accountReport>;
export type ReportingRequest = Value<typeof reportingRequest>;
