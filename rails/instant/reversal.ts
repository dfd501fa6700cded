/** Asking for money back: camt.056, answered by camt.029 and, when granted, by the transfer that brings it back. */
import type { Instruction, RailAnswer, SignedInstruction } from '../../domain/settlement';
import { camt029, camt056, freshMessageId, pacs004, pacs008, transferMessageId, uetrOf } from '../iso20022';
import type { Received } from './client';
import { wrapEvidence } from './evidence';
import { linesOf } from './lines';
import { NO_ORIGINAL, prove, reasonOf, unknown, type Execution, type OutcomeDeps } from './outcome';
import { agentOf, assignmentOf } from './parts';
import { transferMessageName, type TransferDeps } from './transfer';

export function buildReturnRequest(deps: TransferDeps, instruction: Instruction): string {
  const { profile, settlementAccount } = deps;
  const id = instruction.instruction_id;
  const at = deps.clock().toISOString();
  return camt056.build({
    Assgnmt: assignmentOf(
      profile,
      freshMessageId(),
      settlementAccount.routingNumber,
      profile.networkRouting,
      at,
    ),
    // One case per instruction, so that asking twice is one request.
    Case: { Id: `CXL-${id}`, Cretr: { Agt: agentOf(profile, settlementAccount.routingNumber) } },
    Undrlyg: {
      TxInf: {
        OrgnlGrpInf: {
          OrgnlMsgId: transferMessageId(id),
          OrgnlMsgNmId: transferMessageName(profile, instruction),
        },
        OrgnlInstrId: id,
        OrgnlEndToEndId: id,
        OrgnlUETR: uetrOf(id),
        OrgnlIntrBkSttlmAmt: { amountMinor: BigInt(instruction.amount_minor), asset: instruction.asset },
        CxlRsnInf: { Rsn: { Cd: 'CUST' }, AddtlInf: 'requested by the sender' },
      },
    },
  });
}

export function reversalAnswer(
  deps: OutcomeDeps,
  { instruction }: SignedInstruction,
  received: readonly Received[],
): RailAnswer {
  const answers = received.flatMap((one) =>
    one.message.name === camt029.name ? [{ received: one, body: one.message.body }] : [],
  );
  const [answer, ...more] = answers;
  const about = answer?.body.CxlDtls.TxInfAndSts;
  if (!answer || more.length > 0 || about?.OrgnlInstrId !== instruction.instruction_id) {
    return unknown('the network did not answer the request for return');
  }
  switch (answer.body.Sts.Conf) {
    case 'PDCR':
      return { outcome: 'pending', detail: 'the receiver has not decided' };
    case 'RJCR': {
      const { code, detail } = reasonOf(about.CxlStsRsnInf);
      if (code === NO_ORIGINAL) {
        const asOf = answer.body.Assgnmt.CreDtTm;
        return { outcome: 'not_found', detail: 'the network does not know the transfer', as_of: asOf };
      }
      return { outcome: 'rejected', reason: code, detail, evidence: wrapEvidence(answer.received) };
    }
    case 'IPAY': {
      const back = returnOf(deps, instruction, received);
      if (!back) return unknown('the return was granted, but its transfer was not delivered');
      const proof = prove(deps, instruction, back.execution, back.received);
      return { outcome: 'executed', proof, lines: linesOf(deps.profile, received) };
    }
  }
}

/** The transfer that brings the money back: a return message on FedNow, a new credit transfer on RTP. */
function returnOf(deps: OutcomeDeps, instruction: Instruction, received: readonly Received[]) {
  for (const one of received) {
    const execution = executionOf(one, instruction.instruction_id);
    const expected = deps.profile.returnMessage === 'pacs.004' ? pacs004.name : pacs008.name;
    if (execution && one.message.name === expected) return { received: one, execution };
  }
  return undefined;
}

function executionOf({ message }: Received, instructionId: string): Execution | undefined {
  if (message.name === pacs004.name) {
    const { GrpHdr, TxInf } = message.body;
    if (TxInf.OrgnlInstrId !== instructionId || !TxInf.ClrSysRef) return undefined;
    return {
      amount: TxInf.RtrdIntrBkSttlmAmt,
      reference: TxInf.ClrSysRef,
      businessDate: TxInf.IntrBkSttlmDt,
      executedAt: GrpHdr.CreDtTm,
    };
  }
  if (message.name !== pacs008.name) return undefined;
  const { GrpHdr, CdtTrfTxInf } = message.body;
  if (CdtTrfTxInf.RltdRmtInf?.RmtId !== instructionId || !CdtTrfTxInf.PmtId.ClrSysRef) return undefined;
  return {
    amount: CdtTrfTxInf.IntrBkSttlmAmt,
    reference: CdtTrfTxInf.PmtId.ClrSysRef,
    businessDate: CdtTrfTxInf.IntrBkSttlmDt,
    executedAt: CdtTrfTxInf.AccptncDtTm ?? GrpHdr.CreDtTm,
  };
}
