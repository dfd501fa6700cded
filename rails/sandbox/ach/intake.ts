/** A file of AURA: checked, acknowledged entry by entry, and recorded once. */
import { settlementDate } from '../../../domain/banking-calendar';
import { sha256Hex } from '../../../domain/canonical';
import { isAchChangeCode, isAchReturnCode } from '../../../domain/ach-returns';
import { bankOf } from '../../ach';
import type { Acknowledgement } from '../../ach/wire';
import { NachaError } from '../../nacha';
import { nowOf, receiptDay, today, type Bank } from './bank';
import type { AcceptedEntry, BankEvent, Fate } from './events';
import { answerKind, preventsRecording, REJECTIONS, type AchRule, type AnswerKind } from './misbehaviour';
import { openOnSight } from './on-sight';
import { proposalsOf, type Proposed } from './proposal';
import { refusalOf } from './rules';

export interface Reply {
  body: unknown;
  misbehaviour: AnswerKind | undefined;
}

type Received = BankEvent & { type: 'file_received' };

/** A wrong amount is off by this, minor units. */
const WRONG_BY_MINOR = 100n;

export function onFile(bank: Bank, name: string, content: string): Reply {
  const sha256 = sha256Hex(content);
  const known = bank.books.file(name);
  if (known) {
    const again = known.sha256 === sha256 ? known : undefined;
    const body = again
      ? acknowledge(again, true)
      : { ...acknowledge(known, false), ...NAME_IN_USE, file_sha256: sha256 };
    return { body, misbehaviour: undefined };
  }
  const base = { type: 'file_received' as const, at: nowOf(bank), businessDate: today(bank), name, sha256 };
  let proposals: Proposed[];
  try {
    proposals = proposalsOf(bank.profile, content);
  } catch (error) {
    if (!(error instanceof NachaError)) throw error;
    const rejected = { reason: 'MALFORMED', detail: error.message };
    return refuse(bank, { ...base, rejected, accepted: [], refused: [], known: [] });
  }
  const fresh = proposals.filter(({ instructionId }) => !isKnown(bank, instructionId));
  const rules = new Map(fresh.map((entry) => [entry.instructionId, ruleFor(bank, entry)]));
  const kinds = [...rules.values()].map((rule) => answerKind(rule?.kind));
  const misbehaviour = kinds.find(preventsRecording) ?? kinds.find((kind) => kind !== undefined);
  if (preventsRecording(misbehaviour)) return { body: undefined, misbehaviour };
  if ([...rules.values()].some((rule) => rule?.kind === 'reject_file')) {
    const rejected = { reason: 'FILE_REJECTED', detail: 'the bank does not take this file' };
    const refused = fresh.map(({ instructionId }) => ({ instructionId, ...rejected }));
    return refuse(bank, { ...base, rejected, accepted: [], refused, known: [] });
  }
  const event = { ...base, ...decide(bank, name, fresh, rules), known: [] as string[] };
  event.known = proposals.flatMap(({ instructionId: id }) => (rules.has(id) ? [] : [id]));
  bank.record(event);
  return { body: acknowledge(event, false), misbehaviour };
}

const NAME_IN_USE = {
  status: 'rejected',
  reason: 'NAME_IN_USE',
  detail: 'another file has this name',
  entries: [],
} as const;

function refuse(bank: Bank, event: Received): Reply {
  bank.record(event);
  return { body: acknowledge(event, false), misbehaviour: undefined };
}

function isKnown({ books }: Bank, instructionId: string): boolean {
  return books.entry(instructionId) !== undefined || books.refused(instructionId) !== undefined;
}

function ruleFor({ misbehaviours }: Bank, entry: Proposed): AchRule | undefined {
  const { instructionId, account, amountMinor } = entry;
  return misbehaviours.choose({
    occasion: 'transfer',
    instructionId,
    accountNumber: account.accountNumber,
    amountMinor,
  });
}

function decide(
  bank: Bank,
  fileName: string,
  fresh: readonly Proposed[],
  rules: ReadonlyMap<string, AchRule | undefined>,
): Pick<Received, 'accepted' | 'refused'> {
  const { books, profile } = bank;
  const receivedOn = receiptDay(bank);
  const { entries, files } = books.counts();
  const outgoing = books
    .open()
    .filter(({ direction, stage }) => direction === 'credit' && stage !== 'settled');
  let outgoingMinor = outgoing.reduce((sum, { amountMinor }) => sum + BigInt(amountMinor), 0n);
  const accepted: AcceptedEntry[] = [];
  const refused: Received['refused'] = [];
  for (const entry of fresh) {
    const { instructionId } = entry;
    openOnSight(bank, entry.account);
    const refusal = refusalOf(bank, entry, outgoingMinor);
    if (refusal) {
      refused.push({ instructionId, ...refusal });
      continue;
    }
    if (entry.direction === 'credit') outgoingMinor += entry.amountMinor;
    const rule = rules.get(instructionId);
    const late = rule?.kind.startsWith('pending') ?? false;
    const settlesOn = settlementDate(receivedOn, entry.effectiveDate);
    const number = String((entries + accepted.length + 1) % 10_000_000).padStart(7, '0');
    const { batchNumber, effectiveDate: _effective, amountMinor, ...rest } = entry;
    accepted.push({
      ...rest,
      fileName,
      receivedOn,
      amountMinor: amountMinor.toString(),
      trace: `${bankOf(profile.bankRouting)}${number}`,
      batchReference: `BAT${String(files + 1).padStart(9, '0')}-${batchNumber}`,
      settlesOn: late ? settlementDate(settlesOn, undefined) : settlesOn,
      fate: fateOf(rule, amountMinor),
    });
  }
  return { accepted, refused };
}

function fateOf(rule: AchRule | undefined, amountMinor: bigint): Fate {
  const kind = rule?.kind ?? '';
  const rejection = REJECTIONS[kind];
  if (rejection) return { returnBefore: rejection };
  const [, what, code = ''] = /^(return|change)_(\w+)$/.exec(kind) ?? [];
  if (what === 'return' && isAchReturnCode(code)) {
    const { afterBankingDays: bankingDays, afterCalendarDays: calendarDays } = rule ?? {};
    return { returnAfter: { code, bankingDays, calendarDays } };
  }
  if (what === 'change' && isAchChangeCode(code)) return { change: code };
  // Less rather than more, so that the receiver's funds always suffice.
  const wrong = amountMinor > WRONG_BY_MINOR ? amountMinor - WRONG_BY_MINOR : amountMinor;
  const fates: Readonly<Record<string, Fate>> = {
    pending_then_rejected: { returnBefore: 'R32' },
    wrong_amount: { settlesMinor: wrong.toString() },
    duplicate: { twice: true },
    line_missing: { tamper: 'drop' },
    line_amount: { tamper: 'amount' },
    line_duplicate: { tamper: 'duplicate' },
    no_notification: { silent: true },
  };
  return fates[kind] ?? {};
}

function acknowledge(event: Received, duplicate: boolean): Acknowledgement {
  const { accepted, refused, known, rejected } = event;
  return {
    type: 'ach.acknowledgement.v1',
    file_name: event.name,
    file_sha256: event.sha256,
    status: rejected ? 'rejected' : 'accepted',
    duplicate,
    ...rejected,
    received_at: event.at,
    business_date: event.businessDate,
    entries: [
      ...accepted.map(({ instructionId, trace, settlesOn }) => ({
        instruction_id: instructionId,
        status: 'accepted' as const,
        trace,
        settles_on: settlesOn,
      })),
      ...refused.map(({ instructionId, reason, detail }) => ({
        instruction_id: instructionId,
        status: 'rejected' as const,
        reason,
        detail,
      })),
      ...known.map((id) => ({ instruction_id: id, status: 'duplicate' as const })),
    ],
  };
}
