/** From what the bank reported to what AURA may believe. A proof's amount, trace and dates are the bank's words. */
import { sha256Hex } from '../../domain/canonical';
import { bankingDaysBetween } from '../../domain/banking-calendar';
import { achReturn } from '../../domain/ach-returns';
import { isId } from '../../domain/ids';
import type { Signer } from '../../domain/keys';
import { RAIL_TERMS } from '../../domain/rail-terms';
import {
  signProof,
  type RailAnswer,
  type SettlementProof,
  type SignedInstruction,
  type StatementLine,
} from '../../domain/settlement';
import { readAnswer, wrapEvidence, type Answer, type Exchange } from './client';
import type { AchProfile } from './profile';
import { entryRecord, type Acknowledgement, type EntryRecord, type StatementEntry } from './wire';

export const SETTLEMENT_FORMAT = 'nacha:settlement';
export const REJECTION_FORMAT = 'nacha:rejection';
export const STATEMENT_FORMAT = 'ach:statement.v1';

export interface OutcomeDeps {
  profile: AchProfile;
  signer: Signer;
}

export function unknown(detail: string): RailAnswer {
  return { outcome: 'unknown', detail };
}

/** What the bank's record of an instruction says of it. */
export function answerOf(deps: OutcomeDeps, signed: SignedInstruction, exchange: Exchange): RailAnswer {
  if (exchange.kind === 'unknown') return unknown(exchange.detail);
  const record = readAnswer(entryRecord, exchange);
  if (record?.instruction_id !== signed.instruction.instruction_id)
    return unknown('the bank did not report on this instruction');
  switch (record.status) {
    case 'unknown':
      return { outcome: 'not_found', detail: 'the bank does not know it', as_of: record.as_of };
    case 'accepted':
      return accepted(record);
    case 'rejected':
      return rejected(record, exchange);
    case 'settled':
    case 'returned':
      return record.return?.before_settlement
        ? returnedUnsettled(record, exchange)
        : settled(deps, signed, record, exchange);
  }
}

function accepted({ acceptance, business_date: today }: EntryRecord): RailAnswer {
  if (!acceptance) return unknown('the bank reported an acceptance without its date');
  return waiting(acceptance.received_on, acceptance.settles_on, today);
}

function waiting(receivedOn: string, settlesOn: string, today: string): RailAnswer {
  const of = Math.max(1, bankingDaysBetween(receivedOn, settlesOn));
  const done = Math.min(of, Math.max(0, bankingDaysBetween(receivedOn, today)));
  return {
    outcome: 'pending',
    detail: `accepted by the bank, settles on ${settlesOn}`,
    progress: { done, of, unit: 'banking_days' },
  };
}

function rejected({ rejection }: EntryRecord, answer: Answer): RailAnswer {
  if (!rejection) return unknown('the bank reported a rejection without a reason');
  const { reason, detail } = rejection;
  return { outcome: 'rejected', reason, detail, evidence: wrapEvidence(answer, REJECTION_FORMAT) };
}

function returnedUnsettled({ return: returned }: EntryRecord, answer: Answer): RailAnswer {
  const reason = returned?.code ?? '';
  const detail = achReturn(reason)?.title ?? 'returned by the receiving bank';
  return { outcome: 'rejected', reason, detail, evidence: wrapEvidence(answer, REJECTION_FORMAT) };
}

/** Accepted and settled: what became of the money later is for notices. */
function settled(
  deps: OutcomeDeps,
  signed: SignedInstruction,
  record: EntryRecord,
  answer: Answer,
): RailAnswer {
  const [settlement] = record.settlements;
  if (!record.acceptance || !settlement) return unknown('the bank reported a settlement without its entry');
  const proof = prove(deps, signed, settlement, answer);
  const lines = record.statement_entries.map((entry) => lineOf(deps.profile, entry));
  return { outcome: 'executed', proof, lines };
}

function prove(
  { profile, signer }: OutcomeDeps,
  { instruction }: SignedInstruction,
  settlement: EntryRecord['settlements'][number],
  answer: Answer,
): SettlementProof {
  const evidence = wrapEvidence(answer, SETTLEMENT_FORMAT);
  return signProof(
    {
      type: 'aura.settlement-proof.v1',
      rail: 'ach',
      network: profile.network,
      instruction_id: instruction.instruction_id,
      commitment_hash: instruction.commitment_hash,
      amount_minor: settlement.amount_minor,
      asset: settlement.asset,
      reference: settlement.trace,
      line: '0',
      business_date: settlement.settlement_date,
      finality: RAIL_TERMS.ach.finality,
      executed_at: new Date(settlement.settled_at).toISOString(),
      evidence_format: SETTLEMENT_FORMAT,
      evidence_sha256: sha256Hex(evidence),
    },
    evidence,
    signer,
  );
}

export function lineOf({ network }: AchProfile, entry: StatementEntry): StatementLine {
  const { instruction_id: quoted } = entry;
  return {
    rail: 'ach',
    network,
    business_date: entry.business_date,
    reference: entry.reference,
    line: '0',
    direction: entry.direction,
    amount_minor: entry.amount_minor,
    // The bank bills its fees apart from the entries.
    fee_minor: '0',
    asset: entry.asset,
    instruction_id: isId('instruction', quoted) ? quoted : null,
    booked_at: new Date(entry.booked_at).toISOString(),
    source_format: STATEMENT_FORMAT,
  };
}

/** What the acknowledgement of a file says of one instruction in it; undefined where only an inquiry tells. */
export function acknowledged(
  acknowledgement: Acknowledgement,
  instructionId: string,
  answer: Answer,
): RailAnswer | undefined {
  const evidence = wrapEvidence(answer, REJECTION_FORMAT);
  const entry = acknowledgement.entries.find((one) => one.instruction_id === instructionId);
  if (acknowledgement.duplicate || entry?.status === 'duplicate') return undefined;
  if (acknowledgement.status === 'rejected') {
    const { reason = 'FILE_REJECTED', detail = 'the bank rejected the file' } = acknowledgement;
    return { outcome: 'rejected', reason, detail, evidence };
  }
  if (entry?.status === 'rejected')
    return { outcome: 'rejected', reason: entry.reason ?? '', detail: entry.detail ?? '', evidence };
  if (!entry?.settles_on) return unknown('the acknowledgement does not speak of the entry');
  const { business_date: today } = acknowledgement;
  return waiting(today, entry.settles_on, today);
}
