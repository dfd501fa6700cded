/** The adapter of a card processor. It retries nothing: what follows an answer is the workflow's decision. */
import type { PublicKey } from '../../domain/keys';
import { RAIL_TERMS } from '../../domain/rail-terms';
import {
  verifyInstruction,
  type MandateAnswer,
  type RailAnswer,
  type SignedInstruction,
} from '../../domain/settlement';
import {
  asCardAccount,
  RailUnreachableError,
  type MandateRequest,
  type RailAdapter,
  type RailAdapterDeps,
  type RailCapabilities,
} from '../port';
import { createProcessorClient } from './client';
import { findDefect, isRefund } from './defects';
import { requestAgreement } from './mandate';
import { contestChargeback, readNotices, type NoticeDeps } from './notices';
import { inquirePayIn, submitPayIn } from './pay-in';
import { unknown } from './reading';
import { inquireRefund, submitRefund } from './refund';
import { readStatement } from './statement';

interface Adapter extends NoticeDeps {
  auraKey: PublicKey;
}

/** `deps.secret` is the processor's API key, `deps.networkKey` the key that it signs its answers with. */
export function createCardAdapter(deps: RailAdapterDeps): RailAdapter {
  const { networkKey, secret: apiKey } = deps;
  if (!networkKey) throw new Error('card: the processor signs its answers: its key is needed');
  if (!apiKey) throw new Error("card: the processor's API key is needed");
  const client = createProcessorClient({ ...deps, networkKey, apiKey });
  const { signer, directory, clock, auraKey } = deps;
  const adapter: Adapter = { client, signer, directory, clock, auraKey, networkKey };
  return {
    capabilities: capabilitiesOf(deps.maxDelayMs),
    requestMandate: (request) => requestMandate(adapter, request),
    submit: (signed, signal) => submit(adapter, signed, signal),
    inquire: (signed, signal) => inquire(adapter, signed, signal),
    reverse: async (signed) => refuse(adapter, signed) ?? NOT_REVERSIBLE,
    statement: (period) => readStatement(adapter, period),
    notices: (cursor) => readNotices(adapter, cursor),
    contest: (contest) => contestChargeback(adapter, contest),
    close: () => client.close(),
  };
}

/** Money that came by card goes back by a refund; a card pays nothing out that could be asked back. */
const NOT_REVERSIBLE: RailAnswer = {
  outcome: 'rejected',
  reason: 'NOT_CARRIED',
  detail: 'a card payment goes back by a refund',
  evidence: '',
};

function capabilitiesOf(maxDelayMs: number | undefined): RailCapabilities {
  const terms = RAIL_TERMS.card;
  return {
    rail: 'card',
    assets: Object.keys(terms.maxAmountMinor),
    maxAmountMinor: terms.maxAmountMinor,
    finality: terms.finality,
    maxDelayMs: maxDelayMs ?? terms.maxDelayMs,
    canReverse: false,
  };
}

async function submit(
  adapter: Adapter,
  signed: SignedInstruction,
  signal?: AbortSignal,
): Promise<RailAnswer> {
  const refusal = refuse(adapter, signed);
  if (refusal) return refusal;
  const { instruction } = signed;
  if (Date.parse(instruction.expires_at) <= adapter.clock().getTime()) {
    // An earlier attempt may have been sent in time, so this is no proof of anything.
    return unknown('expired: this attempt sent nothing, an inquiry tells whether an earlier one did');
  }
  if (isRefund(instruction)) return submitRefund(adapter, signed, signal);
  const mandateRef = instruction.debtor.mandate_ref ?? '';
  const { reference } = await prepare(() => adapter.directory.mandate(mandateRef));
  return submitPayIn(adapter, signed, reference, signal);
}

async function inquire(
  adapter: Adapter,
  signed: SignedInstruction,
  signal?: AbortSignal,
): Promise<RailAnswer> {
  const refusal = refuse(adapter, signed);
  if (refusal) return refusal;
  return isRefund(signed.instruction)
    ? inquireRefund(adapter, signed, signal)
    : inquirePayIn(adapter, signed, signal);
}

async function requestMandate(adapter: Adapter, request: MandateRequest): Promise<MandateAnswer> {
  const { token } = asCardAccount(await prepare(() => adapter.directory.account(request.accountRef)));
  return requestAgreement(adapter, request, token);
}

/** What AURA did not sign, or what no card can carry, never left this adapter and never will. */
function refuse(adapter: Adapter, signed: SignedInstruction): RailAnswer | undefined {
  if (!verifyInstruction(signed, adapter.auraKey)) {
    return { outcome: 'rejected', reason: 'FORGED', detail: 'not signed by AURA', evidence: '' };
  }
  const defect = findDefect(signed.instruction);
  return defect && { outcome: 'rejected', ...defect, evidence: '' };
}

/** Whatever fails while a question is being made, the directory included, fails before anything is sent. */
async function prepare<T>(make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    throw new RailUnreachableError(`nothing was sent: ${(error as Error).message}`, { cause: error });
  }
}
