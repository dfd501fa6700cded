/** The facilitator's surfaces: x402 v2 for resource servers, payment tokens, and the operator's side of the simulation. */
import { randomBytes } from 'node:crypto';
import type { SettleResponse } from '@x402/core/types';
import { getAddress, toHex, type Hex } from 'viem';
import { z } from 'zod';
import { HttpError } from '../http';
import { preventsExecution, type Reply } from './answers';
import { TOKEN_ABI } from './chain';
import type { Behaviour, FacilitatorMischief, FacilitatorOccasion } from './misbehaviour';
import type { Broadcast } from './sender';
import { questionProblem, settle, verify } from './settle';
import {
  executePayment,
  issueToken,
  keyOfPayment,
  makePayment,
  shownPayment,
  TOKEN_ERRORS,
  walletOf,
  type TokenDeps,
  type TokenErrorCode,
} from './tokens';
import { issueRequest, paymentRequest, payToRequest, readQuestion, ruleRequest, type Question } from './wire';

export interface HandlerDeps extends TokenDeps {
  mischief: FacilitatorMischief;
  setPayTo: (address: Hex) => void;
}

export interface FacilitatorRequest {
  method: string;
  path: string[];
  body: unknown;
}

export type Handled = Reply & { behaviour?: Behaviour };
type Handler = (deps: HandlerDeps, request: FacilitatorRequest) => Promise<Handled> | Handled;

const ok = (body: unknown): Reply => ({ status: 200, body });

/** `*` stands for one segment. */
export const ROUTES: Readonly<Record<string, Handler>> = {
  'GET supported': ({ chain }) =>
    ok({
      kinds: [{ x402Version: 2, scheme: 'exact', network: chain.network }],
      extensions: ['payment-identifier'],
      signers: { 'eip155:*': [chain.address] },
    }),
  'POST verify': onVerify,
  'POST settle': onSettle,
  'POST tokens': onIssue,
  'POST payments': onPayment,
  'GET payments/*': onPaymentInquiry,
  'GET operator': ({ chain, payTo }) =>
    ok({ network: chain.network, token: chain.token, address: chain.address, payTo: payTo() ?? null }),
  'PUT operator/pay-to': (deps, { body }) => {
    deps.setPayTo(getAddress(read(payToRequest, body).payTo));
    return ok({ payTo: deps.payTo() });
  },
  'GET operator/payers/*': onPayer,
  'GET operator/settlements': ({ books }) =>
    ok({ settlements: books.all().map(({ key, hash, state }) => ({ key, hash, state })) }),
  'GET operator/misbehaviours': ({ mischief }) => ok({ rules: mischief.rules() }),
  'POST operator/misbehaviours': ({ mischief }, { body }) => {
    mischief.add(read(ruleRequest, body));
    return { status: 201, body: { rules: mischief.rules() } };
  },
  'DELETE operator/misbehaviours': ({ mischief }) => {
    mischief.clear();
    return ok({ rules: [] });
  },
};

function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (!result.success) throw new HttpError(400, z.prettifyError(result.error));
  return result.data;
}

function choose(deps: HandlerDeps, occasion: FacilitatorOccasion, payer?: string, amount?: string) {
  return deps.mischief.choose({ occasion, payer, amount: amount === undefined ? undefined : BigInt(amount) });
}

const chooseFor = (deps: HandlerDeps, occasion: FacilitatorOccasion, { signed, requirements }: Question) =>
  choose(deps, occasion, signed?.authorization.from, requirements.amount);

async function onVerify(deps: HandlerDeps, { body }: FacilitatorRequest): Promise<Handled> {
  const question = readQuestion(body);
  if (!question) return { status: 400, body: { isValid: false, invalidReason: 'invalid_payload' } };
  const behaviour = chooseFor(deps, 'verify', question);
  if (behaviour?.kind === 'refuse') {
    const payer = question.signed?.authorization.from;
    return ok({ isValid: false, invalidReason: reasonIn(behaviour), payer });
  }
  return { ...ok(await verify(deps, question)), behaviour };
}

const reasonIn = ({ reason }: Behaviour) => reason ?? 'invalid_exact_evm_insufficient_balance';

async function onSettle(deps: HandlerDeps, { body }: FacilitatorRequest): Promise<Handled> {
  const question = readQuestion(body);
  const refuse = (errorReason: string, status = 200): Handled => ({
    status,
    body: {
      success: false,
      errorReason,
      transaction: '',
      network: deps.chain.network,
      payer: question?.signed?.authorization.from,
    },
  });
  if (!question) return refuse('invalid_payload', 400);
  const problem = questionProblem(deps, question);
  if (problem || !question.signed) return refuse(problem ?? 'invalid_payload');
  if (await identifierTaken(deps, question))
    return { status: 409, body: { error: 'payment_identifier_conflict' } };
  const { key, payload, requirements, signed } = question;
  // Asked again, the facilitator tells what became of it: the magic is in the payment, not in asking.
  const behaviour = chooseFor(deps, deps.books.ofPayment(key) ? 'inquiry' : 'settle', question);
  if (behaviour?.kind === 'refuse') return refuse(reasonIn(behaviour));
  const settled = await misbehaved(deps, behaviour, signed.authorization.from, (how) =>
    settle(deps, { key, payload, requirements, signed, ...how }),
  );
  return { ...ok(settled), behaviour };
}

/** The same identifier stands for the same payment for ever. */
async function identifierTaken(deps: HandlerDeps, { identifier, key }: Question): Promise<boolean> {
  if (identifier === undefined) return false;
  const known = deps.books.keyOfIdentifier(identifier);
  if (known === undefined) {
    deps.record({ type: 'identified', at: deps.clock().toISOString(), id: identifier, key });
    await deps.flushed();
  }
  return known !== undefined && known !== key;
}

async function misbehaved(
  { chain }: HandlerDeps,
  behaviour: Behaviour | undefined,
  payer: string,
  execute: (how: { broadcast: Broadcast; twice: boolean }) => Promise<SettleResponse>,
): Promise<SettleResponse> {
  const another = toHex(randomBytes(32));
  const claimed = { success: true, transaction: another, network: chain.network, payer };
  if (preventsExecution(behaviour) || behaviour?.kind === 'claim_without_executing') return claimed;
  const broadcast =
    behaviour?.kind === 'pending' ? 'later' : behaviour?.kind === 'pending_then_rejected' ? 'never' : 'now';
  const settled = await execute({ broadcast, twice: behaviour?.kind === 'duplicate' });
  return behaviour?.kind === 'wrong_transaction' ? { ...settled, transaction: another } : settled;
}

async function onIssue(deps: HandlerDeps, { body }: FacilitatorRequest): Promise<Handled> {
  const { token, payer, payerAddress, amount, expiresAt } = await issueToken(deps, read(issueRequest, body));
  return {
    status: 201,
    body: { payment_token: token, payer, payer_address: payerAddress, amount, expires_at: expiresAt },
  };
}

async function onPayment(deps: HandlerDeps, { body }: FacilitatorRequest): Promise<Handled> {
  const asked = read(paymentRequest, body);
  const order = {
    token: asked.payment_token,
    amount: asked.amount,
    idempotencyKey: asked.idempotency_key,
  };
  const known = deps.books.payment(order.idempotencyKey);
  const behaviour = choose(deps, known ? 'inquiry' : 'payment', undefined, order.amount);
  if (behaviour?.kind === 'refuse') return tokenError('insufficient_funds');
  if (preventsExecution(behaviour)) return { ...ok({}), behaviour };
  const made = await makePayment(deps, order);
  if ('refused' in made) return tokenError(made.refused);
  const { payment } = made;
  const settled = await misbehaved(deps, behaviour, payment.signed.authorization.from, (how) =>
    executePayment(deps, payment, how),
  );
  return { ...paymentReply(deps, shownPayment(deps, payment, settled)), behaviour };
}

function paymentReply(deps: HandlerDeps, shown: ReturnType<typeof shownPayment>): Reply {
  if (shown.status === 'failed' && shown.error_reason?.includes('insufficient'))
    return {
      status: TOKEN_ERRORS.insufficient_funds,
      body: { ...errorBody('insufficient_funds'), payment: shown },
    };
  return { status: shown.status === 'pending' ? 202 : 200, body: shown };
}

/** Asking tells what became of a payment; it executes nothing that was never sent. */
async function onPaymentInquiry(deps: HandlerDeps, { path }: FacilitatorRequest): Promise<Handled> {
  const payment = deps.books.payment(path[1] ?? '');
  if (!payment) return tokenError('payment_unknown');
  const behaviour = choose(deps, 'inquiry');
  if (preventsExecution(behaviour)) return { ...ok({}), behaviour };
  const started = deps.books.ofPayment(keyOfPayment(deps, payment));
  if (!started && deps.books.failureOf(payment.idempotencyKey) === undefined) {
    const nothing = {
      success: false,
      errorReason: 'settlement_pending',
      transaction: '',
      network: deps.chain.network,
    };
    return { ...ok(shownPayment(deps, payment, nothing)), behaviour };
  }
  const settled = await executePayment(deps, payment, { broadcast: 'now', twice: false });
  return { ...ok(shownPayment(deps, payment, settled)), behaviour };
}

const errorBody = (code: TokenErrorCode) => ({ error: { code, message: code.replaceAll('_', ' ') } });

function tokenError(code: TokenErrorCode): Handled {
  return { status: TOKEN_ERRORS[code], body: errorBody(code) };
}

async function onPayer({ chain, privateKey }: HandlerDeps, { path }: FacilitatorRequest): Promise<Handled> {
  const { address } = walletOf(privateKey, path[2] ?? '');
  const balance = await chain.client.readContract({
    address: chain.token,
    abi: TOKEN_ABI,
    functionName: 'balanceOf',
    args: [address],
  });
  return ok({ address, balance: balance.toString() });
}
