/**
 * From what the network reported to what AURA may believe. Amount, reference and dates of a proof are the network's
 * words, never copied from the instruction, so that a deviation shows in the proof.
 */
import { sha256Hex } from '../../domain/canonical';
import type { Signer } from '../../domain/keys';
import type { Money } from '../../domain/money';
import { RAIL_TERMS } from '../../domain/rail-terms';
import {
  signProof,
  type Instruction,
  type RailAnswer,
  type SettlementProof,
  type SignedInstruction,
} from '../../domain/settlement';
import { uetrOf, type StatusReport } from '../iso20022';
import type { StatusReason } from '../iso20022/types';
import type { Received } from './client';
import { evidenceFormat, wrapEvidence } from './evidence';
import { linesOf } from './lines';
import type { NetworkProfile } from './profile';
import { transferMessageName } from './transfer';

/** The network never received a transfer with this id. */
export const NO_ORIGINAL = 'NOOR';
/** The network already has a transfer with this id. */
export const DUPLICATE = 'DUPL';

export interface OutcomeDeps {
  profile: NetworkProfile;
  signer: Signer;
}

/** What the network says was executed. */
export interface Execution {
  amount: Money;
  reference: string;
  businessDate: string;
  executedAt: string;
}

type Transaction = StatusReport['TxInfAndSts'];

export function unknown(detail: string): RailAnswer {
  return { outcome: 'unknown', detail };
}

/** The status report about this instruction, if the bundle has exactly one. */
export function findReport(received: readonly Received[], instruction: Instruction) {
  const reports = received.flatMap((one) =>
    one.message.name === 'pacs.002.001.10' ? [{ received: one, report: one.message.body }] : [],
  );
  const [found, ...more] = reports;
  if (!found || more.length > 0) return undefined;
  const { OrgnlInstrId, OrgnlEndToEndId, OrgnlUETR } = found.report.TxInfAndSts;
  const id = instruction.instruction_id;
  const same = OrgnlInstrId === id && OrgnlEndToEndId === id && (OrgnlUETR ?? uetrOf(id)) === uetrOf(id);
  return same ? found : undefined;
}

export function answerOf(
  deps: OutcomeDeps,
  { instruction }: SignedInstruction,
  received: readonly Received[],
  asked: 'submit' | 'inquire',
): RailAnswer {
  const found = findReport(received, instruction);
  if (!found) return unknown('the network did not report on this instruction');
  const transaction = found.report.TxInfAndSts;
  if (
    transaction.OrgnlGrpInf &&
    transaction.OrgnlGrpInf.OrgnlMsgNmId !== transferMessageName(deps.profile, instruction)
  ) {
    return unknown('the network reported on another kind of message');
  }
  switch (transaction.TxSts) {
    case 'ACSC':
    case 'ACCC': {
      const execution = executionOf(transaction);
      if (!execution) return unknown('the network reported an execution without amount, reference or date');
      const proof = prove(deps, instruction, execution, found.received);
      return { outcome: 'executed', proof, lines: linesOf(deps.profile, received) };
    }
    case 'ACSP':
    case 'ACWP':
      return { outcome: 'pending', detail: transaction.TxSts };
    case 'RJCT':
      return rejection(found.received, found.report, asked);
  }
}

function executionOf({
  OrgnlTxRef,
  ClrSysRef,
  AccptncDtTm,
  FctvIntrBkSttlmDt,
}: Transaction): Execution | undefined {
  if (!OrgnlTxRef || !ClrSysRef || !AccptncDtTm) return undefined;
  return {
    amount: OrgnlTxRef.IntrBkSttlmAmt,
    reference: ClrSysRef,
    businessDate: FctvIntrBkSttlmDt?.Dt ?? OrgnlTxRef.IntrBkSttlmDt,
    executedAt: AccptncDtTm,
  };
}

function rejection(received: Received, report: StatusReport, asked: 'submit' | 'inquire'): RailAnswer {
  const [why] = report.TxInfAndSts.StsRsnInf;
  const { code, detail } = reasonOf(why);
  if (code === NO_ORIGINAL) {
    if (asked === 'submit') return unknown('the network lost sight of the transfer');
    return { outcome: 'not_found', detail: 'the network does not know it', as_of: report.GrpHdr.CreDtTm };
  }
  // A duplicate says that the first one arrived, not what became of it.
  if (code === DUPLICATE) return unknown('the network already has this transfer');
  return { outcome: 'rejected', reason: code, detail, evidence: wrapEvidence(received) };
}

export function isDuplicate(received: readonly Received[], instruction: Instruction): boolean {
  const transaction = findReport(received, instruction)?.report.TxInfAndSts;
  return transaction?.TxSts === 'RJCT' && reasonOf(transaction.StsRsnInf[0]).code === DUPLICATE;
}

export function reasonOf(why: StatusReason | undefined): { code: string; detail: string } {
  if (!why) return { code: 'NARR', detail: 'the network gave no reason' };
  const code = 'Cd' in why.Rsn ? why.Rsn.Cd : why.Rsn.Prtry;
  return { code, detail: why.AddtlInf ?? code };
}

export function prove(
  { profile, signer }: OutcomeDeps,
  instruction: Instruction,
  execution: Execution,
  received: Received,
): SettlementProof {
  const evidence = wrapEvidence(received);
  return signProof(
    {
      type: 'aura.settlement-proof.v1',
      rail: profile.rail,
      network: profile.network,
      instruction_id: instruction.instruction_id,
      commitment_hash: instruction.commitment_hash,
      amount_minor: execution.amount.amountMinor.toString(),
      asset: execution.amount.asset,
      reference: execution.reference,
      line: '0',
      business_date: execution.businessDate,
      finality: RAIL_TERMS[profile.rail].finality,
      executed_at: new Date(execution.executedAt).toISOString(),
      evidence_format: evidenceFormat(received.message.name),
      evidence_sha256: sha256Hex(evidence),
    },
    evidence,
    signer,
  );
}
