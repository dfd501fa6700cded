/** The messages that a network answers with. */
import type { Money } from '../../domain/money';
import {
  camt029,
  camt052,
  camt054,
  freshMessageId,
  pacs002,
  pacs004,
  pacs008,
  pain014,
  type CancellationRequest,
  type Entry,
  type PaymentRequest,
  type ReportingRequest,
} from '../iso20022';
import type { NetworkProfile } from '../instant';
import { accountOf, agentOf, assignmentOf, paymentTypeOf, settlementOf } from '../instant/parts';
import type { Account, Transfer } from './books';
import type { BookedEntry } from './statement-view';

export interface ReplyDeps {
  profile: NetworkProfile;
  now: () => string;
}

type Status = 'ACSC' | 'ACSP' | 'RJCT';

/** The report on a transfer as it stands. */
export function reportOn(deps: ReplyDeps, transfer: Transfer): string {
  if (transfer.status === 'rejected') return report(deps, transfer, 'RJCT', transfer.reason);
  if (transfer.status === 'pending') return report(deps, transfer, 'ACSP', undefined);
  return report(deps, transfer, 'ACSC', undefined);
}

export function duplicateReport(deps: ReplyDeps, transfer: Transfer): string {
  return report(deps, transfer, 'RJCT', 'DUPL');
}

function report(deps: ReplyDeps, transfer: Transfer, status: Status, reason: string | undefined): string {
  const [booking] = transfer.bookings;
  return pacs002.build({
    GrpHdr: { MsgId: freshMessageId(), CreDtTm: deps.now() },
    TxInfAndSts: {
      OrgnlGrpInf: { OrgnlMsgId: transfer.messageId, OrgnlMsgNmId: transfer.messageName },
      OrgnlInstrId: transfer.id,
      OrgnlEndToEndId: transfer.id,
      OrgnlUETR: transfer.uetr,
      TxSts: status,
      StsRsnInf: reason ? [{ Rsn: { Cd: reason } }] : [],
      ...(status === 'ACSC' && booking ? settledParts(transfer, booking) : {}),
      ...between(deps.profile),
      ...(status === 'ACSC' && booking ? { OrgnlTxRef: originalOf(transfer, booking.amountMinor) } : {}),
    },
  });
}

function settledParts(transfer: Transfer, booking: { reference: string }) {
  return {
    AccptncDtTm: transfer.decidedAt,
    FctvIntrBkSttlmDt: { Dt: transfer.businessDate ?? '' },
    ClrSysRef: booking.reference,
  };
}

function originalOf(transfer: Transfer, amountMinor: bigint) {
  return {
    IntrBkSttlmAmt: { amountMinor, asset: transfer.asset },
    IntrBkSttlmDt: transfer.businessDate ?? '',
  };
}

function between(profile: NetworkProfile) {
  return {
    InstgAgt: agentOf(profile, profile.networkRouting),
    InstdAgt: agentOf(profile, profile.settlementAccount.routingNumber),
  };
}

/** The answer about a transfer that never arrived. */
export function unknownReport(deps: ReplyDeps, ids: { instructionId: string; endToEndId: string }): string {
  return pacs002.build({
    GrpHdr: { MsgId: freshMessageId(), CreDtTm: deps.now() },
    TxInfAndSts: {
      OrgnlInstrId: ids.instructionId,
      OrgnlEndToEndId: ids.endToEndId,
      TxSts: 'RJCT',
      StsRsnInf: [{ Rsn: { Cd: 'NOOR' }, AddtlInf: 'no transfer with this id was received' }],
      ...between(deps.profile),
    },
  });
}

export interface Page {
  entries: readonly BookedEntry[];
  number: number;
  last: boolean;
  query?: ReportingRequest;
  period?: { from: string; to: string };
}

export function notificationOf(deps: ReplyDeps, page: Page): string {
  const { query, period } = page;
  return camt054.build({
    GrpHdr: {
      MsgId: freshMessageId(),
      CreDtTm: deps.now(),
      MsgPgntn: { PgNb: page.number, LastPgInd: page.last },
      ...(query ? { OrgnlBizQry: { MsgId: query.GrpHdr.MsgId, MsgNmId: 'camt.060.001.05' } } : {}),
    },
    Ntfctn: {
      Id: freshMessageId(),
      CreDtTm: deps.now(),
      ...(period ? { FrToDt: { FrDtTm: period.from, ToDtTm: period.to } } : {}),
      Acct: accountOf(deps.profile.settlementAccount),
      Ntry: page.entries.map(entryOf),
    },
  });
}

function entryOf(entry: BookedEntry): Entry {
  return {
    Amt: { amountMinor: entry.amountMinor, asset: entry.asset },
    CdtDbtInd: entry.direction === 'credit' ? 'CRDT' : 'DBIT',
    ...(entry.reversal ? { RvslInd: true } : {}),
    Sts: { Cd: 'BOOK' },
    BookgDt: { DtTm: entry.bookedAt },
    ValDt: { Dt: entry.businessDate },
    AcctSvcrRef: entry.reference,
    BkTxCd: { Prtry: { Cd: entry.direction === 'credit' ? 'CRDT' : 'DBIT' } },
    AddtlInfInd: { MsgNmId: entry.messageName },
    NtryDtls: {
      TxDtls: {
        Refs: {
          ...(entry.quotedId ? { EndToEndId: entry.quotedId } : {}),
          ...(entry.uetr ? { UETR: entry.uetr } : {}),
          ClrSysRef: entry.reference,
        },
      },
    },
  };
}

export function balancesOf(
  deps: ReplyDeps,
  query: ReportingRequest,
  period: { from: string; to: string },
  balances: { opening: Money; closing: Money },
): string {
  const balance = (code: 'OPBD' | 'CLBD', { amountMinor, asset }: Money, at: string) => ({
    Tp: { CdOrPrtry: { Cd: code } },
    Amt: { amountMinor: amountMinor < 0n ? -amountMinor : amountMinor, asset },
    CdtDbtInd: amountMinor < 0n ? ('DBIT' as const) : ('CRDT' as const),
    Dt: { DtTm: at },
  });
  return camt052.build({
    GrpHdr: {
      MsgId: freshMessageId(),
      CreDtTm: deps.now(),
      MsgPgntn: { PgNb: 1, LastPgInd: true },
      OrgnlBizQry: { MsgId: query.GrpHdr.MsgId, MsgNmId: 'camt.060.001.05' },
    },
    Rpt: {
      Id: freshMessageId(),
      CreDtTm: deps.now(),
      FrToDt: { FrDtTm: period.from, ToDtTm: period.to },
      Acct: accountOf(deps.profile.settlementAccount),
      Bal: [balance('OPBD', balances.opening, period.from), balance('CLBD', balances.closing, period.to)],
    },
  });
}

export type Resolution = { granted: Transfer } | { refused: string };

export function resolutionOf(deps: ReplyDeps, request: CancellationRequest, resolution: Resolution): string {
  const { profile } = deps;
  const original = request.Undrlyg.TxInf;
  const granted = 'granted' in resolution ? resolution.granted : undefined;
  const refused = 'refused' in resolution ? resolution.refused : undefined;
  return camt029.build({
    Assgnmt: assignmentOf(
      profile,
      freshMessageId(),
      profile.networkRouting,
      profile.settlementAccount.routingNumber,
      deps.now(),
    ),
    RslvdCase: request.Case,
    Sts: { Conf: granted ? 'IPAY' : 'RJCR' },
    CxlDtls: {
      TxInfAndSts: {
        OrgnlInstrId: original.OrgnlInstrId,
        OrgnlEndToEndId: original.OrgnlEndToEndId,
        ...(refused ? { CxlStsRsnInf: { Rsn: { Cd: refused } } } : {}),
        ...(granted ? { RsltnRltdInf: originalOf(granted, granted.bookings[0]?.amountMinor ?? 0n) } : {}),
      },
    },
  });
}

/** The transfer that brings money back, in the form this network uses. */
export function givenBack(deps: ReplyDeps, back: Transfer, debtor: Account, creditor: Account): string {
  const { profile } = deps;
  const [booking] = back.bookings;
  const amount = { amountMinor: booking?.amountMinor ?? 0n, asset: back.asset };
  const header = {
    MsgId: back.messageId,
    CreDtTm: back.decidedAt,
    NbOfTxs: 1,
    SttlmInf: settlementOf(profile),
  };
  const agents = {
    InstgAgt: agentOf(profile, debtor.routingNumber),
    InstdAgt: agentOf(profile, creditor.routingNumber),
  };
  const debtorAgent = agentOf(profile, debtor.routingNumber);
  const creditorAgent = agentOf(profile, creditor.routingNumber);
  const reference = booking?.reference ?? '';
  const day = back.businessDate ?? '';
  if (profile.returnMessage === 'pacs.008') {
    return pacs008.build({
      GrpHdr: header,
      CdtTrfTxInf: {
        PmtId: { InstrId: back.id, EndToEndId: back.id, UETR: back.uetr, ClrSysRef: reference },
        PmtTpInf: paymentTypeOf(profile),
        IntrBkSttlmAmt: amount,
        IntrBkSttlmDt: day,
        AccptncDtTm: back.decidedAt,
        ChrgBr: 'SLEV',
        ...agents,
        Dbtr: { Nm: debtor.holderName },
        DbtrAcct: accountOf(debtor),
        DbtrAgt: debtorAgent,
        CdtrAgt: creditorAgent,
        Cdtr: { Nm: creditor.holderName },
        CdtrAcct: accountOf(creditor),
        RltdRmtInf: { RmtId: back.quotedId },
      },
    });
  }
  return pacs004.build({
    GrpHdr: header,
    TxInf: {
      RtrId: back.id,
      OrgnlInstrId: back.quotedId,
      OrgnlEndToEndId: back.quotedId,
      OrgnlClrSysRef: back.returnsReference ?? '',
      RtrdIntrBkSttlmAmt: amount,
      IntrBkSttlmDt: day,
      ChrgBr: 'SLEV',
      ClrSysRef: reference,
      ...agents,
      RtrChain: {
        Dbtr: { Pty: { Nm: debtor.holderName } },
        DbtrAcct: accountOf(debtor),
        DbtrAgt: debtorAgent,
        CdtrAgt: creditorAgent,
        Cdtr: { Pty: { Nm: creditor.holderName } },
        CdtrAcct: accountOf(creditor),
      },
      RtrRsnInf: { Rsn: { Cd: 'CUST' } },
    },
  });
}

export function mandateReport(
  deps: ReplyDeps,
  request: PaymentRequest,
  decision: { reference: string } | { refused: string },
): string {
  const { MsgId, CreDtTm } = request.GrpHdr;
  return pain014.build({
    GrpHdr: { MsgId: freshMessageId(), CreDtTm: deps.now(), InitgPty: request.GrpHdr.InitgPty },
    OrgnlGrpInfAndSts: { OrgnlMsgId: MsgId, OrgnlMsgNmId: 'pain.013.001.07', OrgnlCreDtTm: CreDtTm },
    OrgnlPmtInfAndSts: {
      OrgnlPmtInfId: request.PmtInf.PmtInfId,
      TxInfAndSts: {
        OrgnlEndToEndId: request.PmtInf.CdtTrfTx.PmtId.EndToEndId,
        TxSts: 'refused' in decision ? 'RJCT' : 'ACCP',
        StsRsnInf: 'refused' in decision ? [{ Rsn: { Cd: decision.refused } }] : [],
        ...('reference' in decision ? { AccptncDtTm: deps.now(), ClrSysRef: decision.reference } : {}),
      },
    },
  });
}
