/** The adapter of an ISO 20022 instant payment network. It retries nothing: what follows an answer is the workflow's decision. */
import type { PublicKey } from '../../domain/keys';
import { RAIL_TERMS } from '../../domain/rail-terms';
import {
  verifyInstruction,
  type MandateAnswer,
  type RailAnswer,
  type RailName,
  type SignedInstruction,
} from '../../domain/settlement';
import {
  asBankAccount,
  RailUnreachableError,
  type BankAccount,
  type MandateRequest,
  type RailAdapter,
  type RailAdapterDeps,
  type RailCapabilities,
} from '../port';
import { createNetworkClient, type NetworkClient } from './client';
import { buildInquiry } from './inquiry';
import { buildMandateRequest, mandateAnswer } from './mandate';
import { answerOf, isDuplicate, unknown } from './outcome';
import type { NetworkProfile } from './profile';
import { buildReturnRequest, reversalAnswer } from './reversal';
import { readStatement } from './statement';
import { buildTransfer, findDefect, type TransferDeps } from './transfer';

export interface InstantAdapterDeps extends RailAdapterDeps {
  /** AURA's account at the network; the profile's by default. */
  settlementAccount?: BankAccount;
}

interface Adapter extends TransferDeps, InstantAdapterDeps {
  networkKey: PublicKey;
  profile: NetworkProfile;
  settlementAccount: BankAccount;
  client: NetworkClient;
}

export function createInstantAdapter(given: NetworkProfile, deps: InstantAdapterDeps): RailAdapter {
  const settlementAccount = deps.settlementAccount ?? given.settlementAccount;
  const profile = { ...given, settlementAccount };
  const { networkKey } = deps;
  if (!networkKey) throw new Error(`${profile.rail} signs its messages: its key is needed`);
  const client = createNetworkClient({ ...deps, networkKey });
  const adapter: Adapter = { ...deps, networkKey, profile, settlementAccount, client };
  return {
    capabilities: capabilitiesOf(profile.rail, deps.maxDelayMs),
    requestMandate: (request) => requestMandate(adapter, request),
    submit: (signed, signal) => submit(adapter, signed, signal),
    inquire: (signed, signal) => inquire(adapter, signed, signal),
    reverse: (signed, signal) => reverse(adapter, signed, signal),
    statement: (period) => readStatement(adapter, period),
    close: () => client.close(),
  };
}

function capabilitiesOf(rail: RailName, maxDelayMs: number | undefined): RailCapabilities {
  const terms = RAIL_TERMS[rail];
  return {
    rail,
    assets: Object.keys(terms.maxAmountMinor),
    maxAmountMinor: terms.maxAmountMinor,
    finality: terms.finality,
    maxDelayMs: maxDelayMs ?? terms.maxDelayMs,
    canReverse: true,
  };
}

async function submit(
  adapter: Adapter,
  signed: SignedInstruction,
  signal?: AbortSignal,
): Promise<RailAnswer> {
  const refusal = refuse(adapter, signed);
  if (refusal) return refusal;
  if (Date.parse(signed.instruction.expires_at) <= adapter.clock().getTime()) {
    // An earlier attempt may have been sent in time, so this is no proof of anything.
    return unknown('expired: this attempt sent nothing, an inquiry tells whether an earlier one did');
  }
  const xml = await prepare(() => buildTransfer(adapter, signed.instruction));
  const exchange = await adapter.client.exchange(xml, signal);
  if (exchange.kind === 'unknown') return unknown(exchange.detail);
  if (isDuplicate(exchange.received, signed.instruction)) return inquireOnce(adapter, signed, signal);
  return answerOf(adapter, signed, exchange.received, 'submit');
}

/** Once the network said it has the transfer, failing to reach it for the inquiry no longer means "nothing sent". */
async function inquireOnce(
  adapter: Adapter,
  signed: SignedInstruction,
  signal?: AbortSignal,
): Promise<RailAnswer> {
  try {
    return await inquire(adapter, signed, signal);
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
  const exchange = await adapter.client.exchange(buildInquiry(adapter, signed.instruction), signal);
  if (exchange.kind === 'unknown') return unknown(exchange.detail);
  return answerOf(adapter, signed, exchange.received, 'inquire');
}

async function reverse(
  adapter: Adapter,
  signed: SignedInstruction,
  signal?: AbortSignal,
): Promise<RailAnswer> {
  const refusal = refuse(adapter, signed);
  if (refusal) return refusal;
  const exchange = await adapter.client.exchange(buildReturnRequest(adapter, signed.instruction), signal);
  if (exchange.kind === 'unknown') return unknown(exchange.detail);
  return reversalAnswer(adapter, signed, exchange.received);
}

async function requestMandate(adapter: Adapter, request: MandateRequest): Promise<MandateAnswer> {
  const xml = await prepare(async () => {
    const payer = asBankAccount(await adapter.directory.account(request.accountRef));
    return buildMandateRequest(adapter, request, payer);
  });
  return mandateAnswer(request, await adapter.client.exchange(xml));
}

/** What AURA did not sign, or what no message can express, never left this adapter and never will. */
function refuse(adapter: Adapter, signed: SignedInstruction): RailAnswer | undefined {
  if (!verifyInstruction(signed, adapter.auraKey)) {
    return { outcome: 'rejected', reason: 'FORGED', detail: 'not signed by AURA', evidence: '' };
  }
  const defect = findDefect(adapter.profile, signed.instruction);
  return defect && { outcome: 'rejected', ...defect, evidence: '' };
}

/** Whatever fails while a message is being made, the directory included, fails before anything is sent. */
async function prepare(make: () => Promise<string>): Promise<string> {
  try {
    return await make();
  } catch (error) {
    throw new RailUnreachableError(`nothing was sent: ${(error as Error).message}`, { cause: error });
  }
}
