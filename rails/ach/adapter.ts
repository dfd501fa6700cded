/** The adapter of the ACH network, reached through AURA's originating bank. It retries nothing by itself. */
import type { PublicKey } from '../../domain/keys';
import { RAIL_TERMS } from '../../domain/rail-terms';
import {
  verifyInstruction,
  type MandateAnswer,
  type RailAnswer,
  type SignedInstruction,
} from '../../domain/settlement';
import {
  asBankAccount,
  RailUnreachableError,
  type MandateRequest,
  type RailAdapter,
  type RailAdapterDeps,
  type RailCapabilities,
} from '../port';
import { createBankClient, readAnswer, type BankClient } from './client';
import { buildFile, findAccountDefect, findDefect, findItemDefect, type Item, type Unsendable } from './file';
import { buildAuthorizationRequest, mandateAnswer } from './mandate';
import { readNotices } from './notices';
import { acknowledged, answerOf, unknown } from './outcome';
import { ACH_PROFILE, type AchProfile } from './profile';
import { FILE_TYPE } from './request';
import { readBatchParts, readStatement, type BatchPart } from './statement';
import { createBatchWindow, type BatchWindow } from './window';
import { acknowledgement } from './wire';

export interface AchAdapterDeps extends RailAdapterDeps {
  /** How long instructions are collected for one file, milliseconds; 200 by default. */
  batchWindowMs?: number;
  /** AURA at its bank; the sandbox's by default. */
  profile?: AchProfile;
}

export interface AchAdapter extends RailAdapter {
  notices: NonNullable<RailAdapter['notices']>;
  /** The parts of a line that the statement shows for a whole batch, for matching 1:N. */
  batchParts(line: { reference: string; businessDate?: string }): Promise<BatchPart[]>;
}

interface Adapter extends AchAdapterDeps {
  networkKey: PublicKey;
  profile: AchProfile;
  client: BankClient;
}

const BATCH_WINDOW_MS = 200;
const MAX_ENTRIES_PER_FILE = 1_000;

export function createAchAdapter(deps: AchAdapterDeps): AchAdapter {
  const { networkKey, profile = ACH_PROFILE } = deps;
  if (!networkKey) throw new Error('the bank signs its answers: its key is needed');
  const client = createBankClient({ ...deps, networkKey });
  const adapter: Adapter = { ...deps, networkKey, profile, client };
  const window = createBatchWindow<Item>({
    windowMs: deps.batchWindowMs ?? BATCH_WINDOW_MS,
    maxItems: MAX_ENTRIES_PER_FILE,
    send: (items) => sendFile(adapter, items),
  });
  return {
    capabilities: capabilitiesOf(deps.maxDelayMs),
    requestMandate: (request) => requestMandate(adapter, request),
    submit: (signed, signal) => submit(adapter, window, signed, signal),
    inquire: (signed, signal) => inquire(adapter, signed, signal),
    reverse: async () => ({
      outcome: 'rejected',
      reason: 'NOT_SUPPORTED',
      detail: 'what was sent over ACH comes back by a return of the receiving bank only',
      evidence: '',
    }),
    statement: (period) => readStatement(adapter, period),
    batchParts: (line) => readBatchParts(adapter, line),
    notices: (cursor) => readNotices(adapter, cursor),
    async close() {
      await window.close();
      await client.close();
    },
  };
}

function capabilitiesOf(maxDelayMs: number | undefined): RailCapabilities {
  const terms = RAIL_TERMS.ach;
  return {
    rail: 'ach',
    assets: Object.keys(terms.maxAmountMinor),
    maxAmountMinor: terms.maxAmountMinor,
    finality: terms.finality,
    maxDelayMs: maxDelayMs ?? terms.maxDelayMs,
    canReverse: false,
  };
}

async function submit(
  adapter: Adapter,
  window: BatchWindow<Item>,
  signed: SignedInstruction,
  signal?: AbortSignal,
): Promise<RailAnswer> {
  const refusal = refuse(adapter, signed);
  if (refusal) return refusal;
  if (Date.parse(signed.instruction.expires_at) <= adapter.clock().getTime()) {
    // An earlier attempt may have been sent in time, so this is no proof of anything.
    return unknown('expired: this attempt sent nothing, an inquiry tells whether an earlier one did');
  }
  const item = await prepare(() => resolve(adapter, signed));
  const defect = findItemDefect(item);
  if (defect) return rejection(defect);
  return window.add(signed.instruction.instruction_id, item, signal);
}

async function resolve({ directory }: Adapter, signed: SignedInstruction): Promise<Item> {
  const { debtor, creditor } = signed.instruction;
  if (debtor.mandate_ref) {
    const { reference, account } = await directory.mandate(debtor.mandate_ref);
    return { signed, account: asBankAccount(account), authorization: reference };
  }
  const account = asBankAccount(await directory.account(creditor.account_ref));
  return { signed, account, authorization: undefined };
}

/** One file to the bank; what came to it before, in this file or another, is asked for one by one. */
async function sendFile(adapter: Adapter, items: readonly Item[]): Promise<Map<string, RailAnswer>> {
  const { name, content } = await prepare(async () => buildFile(adapter.profile, items, adapter.clock()));
  const path = `/files/outbound/${encodeURIComponent(name)}`;
  const exchange = await adapter.client.exchange({
    method: 'PUT',
    path,
    body: content,
    contentType: FILE_TYPE,
  });
  const answers = new Map<string, RailAnswer>();
  const told = exchange.kind === 'answered' ? readAnswer(acknowledgement, exchange) : undefined;
  for (const { signed } of items) {
    const id = signed.instruction.instruction_id;
    if (exchange.kind === 'unknown') answers.set(id, unknown(exchange.detail));
    else if (told?.file_name !== name) answers.set(id, unknown('the bank did not acknowledge this file'));
    else answers.set(id, acknowledged(told, id, exchange) ?? (await inquireOnce(adapter, signed)));
  }
  return answers;
}

/** Once the bank said it has the entry, failing to reach it for the inquiry no longer means "nothing sent". */
async function inquireOnce(adapter: Adapter, signed: SignedInstruction): Promise<RailAnswer> {
  try {
    return await inquire(adapter, signed);
  } catch (error) {
    if (error instanceof RailUnreachableError)
      return unknown(`a duplicate, and no inquiry: ${error.message}`);
    throw error;
  }
}

async function inquire(
  adapter: Adapter,
  signed: SignedInstruction,
  signal?: AbortSignal,
): Promise<RailAnswer> {
  const refusal = refuse(adapter, signed);
  if (refusal) return refusal;
  const path = `/entries/${encodeURIComponent(signed.instruction.instruction_id)}`;
  return answerOf(adapter, signed, await adapter.client.exchange({ method: 'GET', path }, signal));
}

async function requestMandate(adapter: Adapter, request: MandateRequest): Promise<MandateAnswer> {
  const payer = await prepare(async () => asBankAccount(await adapter.directory.account(request.accountRef)));
  const defect = findAccountDefect(payer);
  if (defect) return { outcome: 'rejected', ...defect };
  return mandateAnswer(request, await adapter.client.exchange(buildAuthorizationRequest(request, payer)));
}

/** What AURA did not sign, or what no entry can express, never left this adapter and never will. */
function refuse(adapter: Adapter, signed: SignedInstruction): RailAnswer | undefined {
  if (!verifyInstruction(signed, adapter.auraKey))
    return rejection({ reason: 'FORGED', detail: 'not signed by AURA' });
  const defect = findDefect(signed.instruction);
  return defect && rejection(defect);
}

function rejection(defect: Unsendable): RailAnswer {
  return { outcome: 'rejected', ...defect, evidence: '' };
}

/** Whatever fails while a file is being made, the directory included, fails before anything is sent. */
async function prepare<T>(make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    throw new RailUnreachableError(`nothing was sent: ${(error as Error).message}`, { cause: error });
  }
}
