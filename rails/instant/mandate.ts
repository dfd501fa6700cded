/** A standing request for payment (pain.013) that the payer's bank accepts or refuses (pain.014). */
import type { MandateAnswer } from '../../domain/settlement';
import { freshMessageId, pain013, pain014 } from '../iso20022';
import type { BankAccount, MandateRequest } from '../port';
import type { Exchange } from './client';
import { wrapEvidence } from './evidence';
import { reasonOf } from './outcome';
import { accountOf, agentOf, paymentTypeOf } from './parts';
import { businessDate } from './profile';
import type { TransferDeps } from './transfer';

export function buildMandateRequest(deps: TransferDeps, request: MandateRequest, payer: BankAccount): string {
  const { profile, settlementAccount: ours } = deps;
  const now = deps.clock();
  return pain013.build({
    GrpHdr: {
      MsgId: freshMessageId(),
      CreDtTm: now.toISOString(),
      NbOfTxs: 1,
      InitgPty: { Nm: ours.holderName },
    },
    PmtInf: {
      PmtInfId: request.mandateId,
      PmtMtd: 'TRF',
      ReqdExctnDt: { Dt: businessDate(profile, now) },
      XpryDt: { DtTm: request.expiresAt },
      Dbtr: { Nm: payer.holderName },
      DbtrAcct: accountOf(payer),
      DbtrAgt: agentOf(profile, payer.routingNumber),
      CdtTrfTx: {
        PmtId: { EndToEndId: request.mandateId },
        PmtTpInf: paymentTypeOf(profile),
        // The amount is a ceiling: each transfer may be for less.
        PmtCond: { AmtModAllwd: true, EarlyPmtAllwd: true, GrntedPmtReqd: false },
        Amt: { InstdAmt: { amountMinor: BigInt(request.ceilingMinor), asset: request.asset } },
        ChrgBr: 'SLEV',
        CdtrAgt: agentOf(profile, ours.routingNumber),
        Cdtr: { Nm: ours.holderName },
        CdtrAcct: accountOf(ours),
      },
    },
  });
}

export function mandateAnswer(request: MandateRequest, exchange: Exchange): MandateAnswer {
  if (exchange.kind === 'unknown') return { outcome: 'unknown', detail: exchange.detail };
  for (const received of exchange.received) {
    if (received.message.name !== pain014.name) continue;
    const status = received.message.body.OrgnlPmtInfAndSts.TxInfAndSts;
    if (status.OrgnlEndToEndId !== request.mandateId) continue;
    if (status.TxSts === 'RJCT') {
      const { code, detail } = reasonOf(status.StsRsnInf[0]);
      return { outcome: 'rejected', reason: code, detail };
    }
    if (status.ClrSysRef) {
      return { outcome: 'accepted', reference: status.ClrSysRef, evidence: wrapEvidence(received) };
    }
  }
  return { outcome: 'unknown', detail: 'the network did not answer the request for payment' };
}
