/** Return files and notifications of change, as notices. The cursor is the name of the last file that was read. */
import { achReturn, ACH_CHANGES, isAchChangeCode } from '../../domain/ach-returns';
import { sha256Hex } from '../../domain/canonical';
import type { Signer } from '../../domain/keys';
import { isIncoming, signNotice, type NoticeStatement, type RailNotice } from '../../domain/settlement';
import { readCorrection, readNacha, type Entry } from '../nacha';
import { RailUnreachableError, type PartyDirectory } from '../port';
import { readAnswer, wrapEvidence, type Answer, type BankClient } from './client';
import type { AchProfile } from './profile';
import { entryRecord, inboundList, type EntryRecord } from './wire';

export const RETURN_FORMAT = 'nacha:return';
export const CHANGE_FORMAT = 'nacha:notice-of-change';
/** Files read at once; one holds the returns of a day. */
const MAX_FILES = 5;

export interface NoticesDeps {
  client: BankClient;
  profile: AchProfile;
  directory: PartyDirectory;
  signer: Signer;
}

interface Told {
  record: EntryRecord;
  answer: Answer;
}

/** Throws `RailUnreachableError` where the bank cannot be read, `NachaError` where a file that it signed is malformed. */
export async function readNotices(
  deps: NoticesDeps,
  cursor: string | null,
): Promise<{ notices: RailNotice[]; cursor: string | null }> {
  const after = cursor === null ? '' : `?after=${encodeURIComponent(cursor)}`;
  const list = readAnswer(inboundList, await ask(deps, `/files/inbound${after}`));
  if (!list) throw new RailUnreachableError('the bank sent no list of files');
  const notices: RailNotice[] = [];
  let last = cursor;
  for (const { name, kind, sha256 } of list.files.slice(0, MAX_FILES)) {
    if (kind !== 'settlement') notices.push(...(await readFile(deps, name, sha256)));
    last = name;
  }
  return { notices, cursor: last };
}

async function readFile(deps: NoticesDeps, name: string, sha256: string): Promise<RailNotice[]> {
  const { signed } = await ask(deps, `/files/inbound/${encodeURIComponent(name)}`);
  if (sha256Hex(signed.message) !== sha256) throw new RailUnreachableError(`${name} is not the file listed`);
  const notices: RailNotice[] = [];
  for (const { entries } of readNacha(signed.message).batches) {
    for (const entry of entries) {
      const notice = await noticeOf(deps, entry);
      if (notice) notices.push(notice);
    }
  }
  return notices;
}

async function noticeOf(deps: NoticesDeps, entry: Entry): Promise<RailNotice | undefined> {
  const { addenda } = entry;
  if (!addenda || addenda.type === '05') return undefined;
  const answer = await ask(deps, `/entries/${addenda.originalTrace}`);
  const record = readAnswer(entryRecord, answer);
  if (!record) throw new RailUnreachableError('the bank does not know the entry that its file is about');
  const told = { record, answer };
  return addenda.type === '99' ? returned(deps, entry, told) : changed(deps, entry, told);
}

/** What was returned before it settled moved no money: the inquiry tells of it as rejected. */
function returned(deps: NoticesDeps, entry: Entry, { record, answer }: Told): RailNotice | undefined {
  const { addenda } = entry;
  const { acceptance, return: told } = record;
  if (addenda?.type !== '99' || !acceptance || !told || told.before_settlement) return undefined;
  const evidence = wrapEvidence(answer, RETURN_FORMAT);
  const statement: NoticeStatement = {
    ...common(deps, record, acceptance),
    notice_id: `return-${entry.trace}`,
    kind: 'return',
    amount_minor: entry.amountMinor.toString(),
    reason_code: addenda.returnCode,
    reason: achReturn(addenda.returnCode)?.title ?? 'returned by the receiving bank',
    reference: entry.trace,
    business_date: told.date,
    occurred_at: told.at,
    evidence_format: RETURN_FORMAT,
    evidence_sha256: sha256Hex(evidence),
  };
  return signNotice(statement, evidence, deps.signer);
}

/** The correction goes to the directory and nowhere else: neither the notice nor its evidence quotes it. */
async function changed(
  deps: NoticesDeps,
  entry: Entry,
  { record, answer }: Told,
): Promise<RailNotice | undefined> {
  const { addenda } = entry;
  const { acceptance } = record;
  const told = record.changes.find(({ trace }) => trace === entry.trace);
  if (addenda?.type !== '98' || !acceptance || !told) return undefined;
  const correction = readCorrection(addenda.changeCode, addenda.correctedData);
  const accountRef = await accountOf(deps, record.instruction_id);
  if (correction && accountRef) await deps.directory.correctAccount(accountRef, correction);
  const evidence = wrapEvidence(answer, CHANGE_FORMAT);
  const { changeCode } = addenda;
  const statement: NoticeStatement = {
    ...common(deps, record, acceptance),
    notice_id: `change-${entry.trace}`,
    kind: 'notice_of_change',
    amount_minor: '0',
    reason_code: changeCode,
    reason: isAchChangeCode(changeCode) ? ACH_CHANGES[changeCode].title : 'the account has changed',
    reference: entry.trace,
    business_date: record.settlements[0]?.settlement_date ?? acceptance.settles_on,
    occurred_at: told.at,
    evidence_format: CHANGE_FORMAT,
    evidence_sha256: sha256Hex(evidence),
  };
  return signNotice(statement, evidence, deps.signer);
}

function common({ profile }: NoticesDeps, record: EntryRecord, acceptance: { trace: string; asset: string }) {
  return {
    type: 'aura.rail-notice.v1' as const,
    rail: 'ach' as const,
    network: profile.network,
    instruction_id: record.instruction_id,
    original_reference: acceptance.trace,
    asset: acceptance.asset,
    fee_minor: '0',
    line: '0',
  };
}

/** The payment account that an instruction was about. */
async function accountOf({ directory }: NoticesDeps, instructionId: string): Promise<string | undefined> {
  const signed = await directory.instruction(instructionId);
  if (!signed) return undefined;
  const { kind, debtor, creditor } = signed.instruction;
  return (isIncoming(kind) ? debtor : creditor).account_ref;
}

async function ask({ client }: NoticesDeps, path: string): Promise<Answer> {
  const answer = await client.exchange({ method: 'GET', path });
  if (answer.kind === 'unknown') throw new RailUnreachableError(`no notices: ${answer.detail}`);
  return answer;
}
